/** From the declaration of a derived stream to its topic, and to what the stream room runs. */
import { z } from 'zod'
import { columnsOf, parseDuration, type EventSchema } from '../../core/index.ts'
import {
  unnestShape,
  WINDOW_COLUMNS,
  type AggregateSpec,
  type UnnestSpec,
  type WindowSpec,
} from '../../stream/index.ts'
import type { AppDefinition, TopicDefinition } from '../define-app.ts'
import type { StreamDefinition, UnnestDefinition, WindowDefinition } from '../define-streams.ts'

/** The app with a topic, and so a table, for each of its streams. Streams must have been checked. */
export function withStreamTopics(app: AppDefinition): AppDefinition {
  if (!app.streams) return app
  const topics = Object.entries(app.streams).map(([name, stream]): [string, TopicDefinition] => [
    name,
    streamTopic(stream, app.topics),
  ])
  return { ...app, topics: { ...app.topics, ...Object.fromEntries(topics) } }
}

/** Throws STREAM_INVALID_UNNEST. */
function streamTopic(stream: StreamDefinition, topics: AppDefinition['topics']): TopicDefinition {
  const source = topics[stream.from]
  const batch = stream.batch && { batch: stream.batch }
  if (!source) throw new TypeError(`stream from unknown topic ${stream.from}`)
  if (stream.kind === 'unnest') {
    return { schema: unnestShape(unnestSpec(stream, source)).schema, ...batch }
  }
  return { schema: windowSchema(stream, source.schema), eventTime: 'window_end', ...batch }
}

function windowSchema(stream: WindowDefinition, source: EventSchema): EventSchema {
  const keys = (stream.keys ?? []).map((key) => [key, source.shape[key] ?? z.unknown()])
  const aggregates = Object.entries(stream.aggregates).map(([name, of]) => [
    name,
    aggregateType(of, source),
  ])
  return z.object({
    ...Object.fromEntries(WINDOW_COLUMNS.map(({ name }) => [name, z.iso.datetime()])),
    ...Object.fromEntries(keys),
    ...Object.fromEntries(aggregates),
  })
}

/** What a result column holds; a sum that is not exact, and a mean of nothing, are null. */
function aggregateType(of: AggregateSpec, source: EventSchema): z.ZodType {
  if (of.kind === 'count') return z.int()
  const column = columnsOf(source).find(({ name }) => name === of.of.field)
  const isWhole = of.of.as === 'words' || column?.type === 'integer'
  return isWhole && of.kind !== 'avg' ? z.int().nullable() : z.number().nullable()
}

export const unnestSpec = (stream: UnnestDefinition, source: TopicDefinition): UnnestSpec => ({
  schema: source.schema,
  each: stream.each,
  take: stream.take ?? [],
})

export function windowSpec(stream: WindowDefinition, source: TopicDefinition): WindowSpec {
  const eventTime = stream.eventTime ?? source.eventTime
  return {
    sizeMs: parseDuration(stream.every),
    latenessMs: parseDuration(stream.lateness ?? '0s'),
    idleMs: parseDuration(stream.idle ?? '5s'),
    aheadMs: parseDuration(stream.ahead ?? '1d'),
    ...(eventTime !== undefined && { eventTime }),
    keys: stream.keys ?? [],
    aggregates: stream.aggregates,
    empty: stream.empty ?? 'none',
  }
}
