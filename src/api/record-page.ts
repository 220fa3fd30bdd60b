/** A page of records, written by hand so that every value stands in the answer as it was sent. */
import type { FastifyReply } from 'fastify'
import type { RunningApp } from '../app/index.ts'
import type { LogRecord } from '../core/index.ts'
import { apiError } from './errors.ts'
import { recordJson } from './record-json.ts'

export interface PageRequest {
  readonly topic: string
  readonly partition: number
  readonly offset?: number
  readonly limit: number
  readonly signal: AbortSignal
}

/** A page ends early at this size, so a thousand records of a megabyte do not stand in memory at once. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024

export async function readPage(
  request: PageRequest,
  app: RunningApp,
  reply: FastifyReply,
  /** What a record looks like in the answer. */
  print: (record: LogRecord) => string = recordJson,
): Promise<FastifyReply> {
  const { topic, partition, limit } = request
  const info = await app.log.topic(topic)
  const place = info.partitions.find((one) => one.partition === partition)
  if (!place) {
    throw apiError(
      'API_UNKNOWN_RESOURCE',
      `topic ${topic} has no partition ${partition}: it has 0 to ${info.partitions.length - 1}`,
      { details: { issues: [{ path: 'query/partition', message: 'there is no such partition' }] } },
    )
  }
  const from = request.offset ?? place.earliest
  const records: string[] = []
  let next = from
  let bytes = 0
  if (from !== place.end) {
    const to = Math.min(place.end, from + limit)
    // `to` bounds a dense log; after compaction fewer records lie between, and the next page goes on.
    const batches = app.log.read(topic, partition, from, {
      to: Math.max(to, from),
      signal: request.signal,
    })
    reading: for await (const batch of batches) {
      for (const record of batch.records) {
        const text = print(record)
        records.push(text)
        bytes += text.length
        next = record.offset + 1
        if (records.length >= limit || bytes > PAGE_BYTES_MAX) break reading
      }
    }
    if (records.length < limit && bytes <= PAGE_BYTES_MAX) next = Math.max(next, to)
  }
  if (reply.request.headers.accept?.includes('application/x-ndjson') === true) {
    void reply.type('application/x-ndjson; charset=utf-8').header('millrace-next', String(next))
    return reply.send(records.map((record) => `${record}\n`).join(''))
  }
  return reply.send(
    `{"topic":${JSON.stringify(topic)},"partition":${partition},"earliest":${place.earliest},"end":${place.end}` +
      `,"records":[${records.join(',')}],"next":${next}}`,
  )
}
