/** Follows all partitions of a topic and sends each record as one server-sent event. */
import type { FastifyReply } from 'fastify'
import type { LogRecord } from '../core/index.ts'
import { coreError } from '../core/index.ts'
import type { RouteTools } from './define-route.ts'
import { apiError } from './errors.ts'
import { recordJson } from './record-json.ts'
import { openEventStream, type EventStream } from './server-sent-events.ts'

export interface StreamRequest {
  readonly topic: string
  readonly from: 'end' | 'beginning'
  readonly partition?: number
  readonly lastEventId: string | string[] | undefined
}

export async function streamTopic(
  request: StreamRequest,
  client: AbortSignal,
  { app, streams, reply }: RouteTools,
): Promise<FastifyReply> {
  const info = await app.log.topic(request.topic)
  const partitions = info.partitions.filter(
    ({ partition }) => request.partition === undefined || partition === request.partition,
  )
  if (partitions.length === 0) {
    throw apiError(
      'API_UNKNOWN_RESOURCE',
      `topic ${request.topic} has no partition ${request.partition}`,
    )
  }
  const positions = new Map(
    partitions.map(({ partition, earliest, end }) => [
      partition,
      request.from === 'beginning' ? earliest : end,
    ]),
  )
  for (const [partition, offset] of readEventId(request.lastEventId)) {
    const place = partitions.find((one) => one.partition === partition)
    // Records that retention took meanwhile cannot come again: go on at the first that is there.
    if (place) positions.set(partition, Math.min(Math.max(offset, place.earliest), place.end))
  }
  const place = streams.begin(client)
  const stopped = new AbortController()
  const signal = AbortSignal.any([place.signal, stopped.signal])
  const stream = openEventStream(reply, {
    clock: app.clock,
    stallMs: app.limits.httpStallTimeoutMs,
    signal,
  })
  const follow = async (partition: number): Promise<void> => {
    const from = positions.get(partition) ?? 0
    const batches = app.log.read(request.topic, partition, from, { follow: true, signal })
    for await (const batch of batches) {
      for (const record of batch.records) {
        if (!(await sendRecord(stream, record, positions))) return
      }
    }
  }
  try {
    await Promise.all(
      partitions.map(({ partition }) => follow(partition).finally(() => stopped.abort())),
    )
  } catch (error) {
    if (!signal.aborted) {
      app.logger.warn({ err: error, topic: request.topic }, 'a topic stream broke off')
    }
  } finally {
    stream.close()
    place.end()
  }
  return reply
}

function sendRecord(
  stream: EventStream,
  record: LogRecord,
  positions: Map<number, number>,
): Promise<boolean> {
  positions.set(record.partition, record.offset + 1)
  const id = [...positions].map(([partition, offset]) => `${partition}:${offset}`).join(',')
  return stream.send({ id, event: 'record', data: recordJson(record) })
}

/** `0:18,1:3` is partition 0 from offset 18 and partition 1 from offset 3. */
function readEventId(id: string | string[] | undefined): [number, number][] {
  if (typeof id !== 'string' || id === '') return []
  if (!/^\d{1,4}:\d{1,16}(,\d{1,4}:\d{1,16})*$/.test(id)) {
    throw coreError(
      'CORE_INVALID_INPUT',
      'Last-Event-ID is not an id of this stream: leave it out',
      {
        details: {
          issues: [{ path: 'headers/last-event-id', message: 'not an id that this stream gave' }],
        },
      },
    )
  }
  return id.split(',').map((part) => {
    const [partition, offset] = part.split(':').map(Number)
    return [partition ?? 0, offset ?? 0]
  })
}
