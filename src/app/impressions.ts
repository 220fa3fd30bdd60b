/**
 * What was shown, and what became of it. With `attribution` every list of a recommender is an event of
 * `__millrace-impressions` for each place, which feeds the table `impressions`; an event that carries the list's id and names
 * one of its items is an answer to it. Written behind the answer, as predictions are.
 */
import { z } from 'zod'
import { sqlName, type Clock, type Logger, type Metrics, type NewRecord } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import type { ListAnswer } from '../serving/index.ts'
import type { AppDefinition } from './define-app.ts'
import { createRecordQueue } from './record-queue.ts'
import type { QueryService } from './running-app.ts'

export const IMPRESSIONS_TOPIC = '__millrace-impressions'
export const IMPRESSIONS_TABLE = 'impressions'

/** Columns of the table `impressions`: one row for each place of a list. */
export const impressionSchema = z.object({
  /** When it was answered. */
  at: z.iso.datetime(),
  recommendation_id: z.string(),
  model: z.string(),
  /** Null before the first version. */
  version: z.int().nullable(),
  /** Null for a group, a basket, and lists that are the same for everyone. */
  user: z.string().nullable(),
  scenario: z.string().nullable(),
  /** From 1. */
  position: z.int(),
  item: z.string(),
  score: z.number(),
  source: z.string(),
  /** Of a list that explores. */
  propensity: z.number().nullable(),
})

/** Whether any recommender of the app counts what becomes of its lists. */
export const hasImpressions = (app: AppDefinition): boolean =>
  Object.values(app.models ?? {}).some(
    (model) => model.task === 'recommender' && model.attribution !== undefined,
  )

export interface ImpressionLog {
  /** Never throws, never waits. */
  add(list: ListAnswer, user: string | null): void
  close(): Promise<void>
}

export interface ImpressionLogOptions {
  readonly log: Log
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

export function createImpressionLog(options: ImpressionLogOptions): ImpressionLog {
  const { clock, metrics } = options
  const queue = createRecordQueue({
    ...options,
    topic: IMPRESSIONS_TOPIC,
    what: 'lists',
    onOutcome: (outcome, count) => metrics.record('impressions_logged_total', { outcome }, count),
  })
  return {
    add(list, user) {
      const now = clock.now()
      queue.add(list.items.length, (index) => recordOf(list, user, index, now))
    },
    close: () => queue.close(),
  }
}

const encoder = new TextEncoder()

function recordOf(list: ListAnswer, user: string | null, index: number, now: number): NewRecord {
  const { item = '', score = 0, source = 'none', propensity } = list.items[index] ?? {}
  const event: z.input<typeof impressionSchema> = {
    at: new Date(now).toISOString(),
    recommendation_id: list.recommendationId,
    model: list.model,
    version: list.version,
    user,
    scenario: list.scenario ?? null,
    position: index + 1,
    item,
    score,
    source,
    propensity: propensity ?? null,
  }
  return {
    key: encoder.encode(list.model),
    value: encoder.encode(JSON.stringify(event)),
    headers: [],
    timestamp: now,
  }
}

export const impressionGroups = ['version', 'position', 'source', 'scenario'] as const
export type ImpressionGroup = (typeof impressionGroups)[number]

export interface ImpressionCount {
  readonly group: Readonly<Partial<Record<ImpressionGroup, string | number | null>>>
  readonly impressions: number
  /** Places whose item an event with the list's id names. */
  readonly answered: number
  /** answered / impressions. */
  readonly rate: number
}

/** Events that answer a list: columns of a table. */
export interface Attribution {
  readonly table: string
  readonly item: string
  readonly recommendationId: string
}

/** Counted over history and tail, so also of what was answered a moment ago. */
export async function countImpressions(
  query: QueryService,
  model: string,
  { table, item, recommendationId }: Attribution,
  by: readonly ImpressionGroup[],
): Promise<ImpressionCount[]> {
  const columns = by.map((name) => `s.${sqlName(name)}`).join(', ')
  const { rows } = await query.run(
    `with answers as (
       select distinct ${sqlName(recommendationId)} as list, cast(${sqlName(item)} as varchar) as item
       from ${sqlName(table)} where ${sqlName(recommendationId)} is not null)
     select ${columns}, count(*) as impressions, count(a.item) as answered
     from ${sqlName(IMPRESSIONS_TABLE)} s
     left join answers a on a.list = s.recommendation_id and a.item = s.item
     where s.model = ? group by ${columns} order by ${columns}`,
    { params: [model] },
  )
  return rows.map((row) => {
    const [impressions, answered] = [Number(row[by.length]), Number(row[by.length + 1])]
    const group = Object.fromEntries(by.map((name, at) => [name, cellOf(row[at])]))
    return { group, impressions, answered, rate: answered / impressions }
  })
}

const cellOf = (value: unknown): string | number | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : Number(value)
