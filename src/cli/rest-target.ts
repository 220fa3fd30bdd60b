/**
 * Events to the running instance, as NDJSON with sequence marks: the source's id is the sequence, the row its position. So
 * a send that is repeated stores nothing twice, and a second run goes on where the first one stopped.
 */
import type { ReceiveAnswer } from '../api/index.ts'
import type { SourceEvent } from '../app/index.ts'
import { isMillraceError, systemClock } from '../core/index.ts'
import { path, type ApiClient } from './api-client.ts'
import type { EventTarget } from './event-publisher.ts'

/** A server that is full or restarting gets this long before the send gives up. */
const RETRY_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000] as const

export function createRestTarget(api: ApiClient, topic: string): EventTarget {
  return {
    async position(source) {
      const route = path`/v1/topics/${topic}/sequences/${source}`
      return (await api.get<{ position: number }>(route)).position
    },
    async send(group, { source, first }, signal) {
      const body = bodyOf(group)
      for (let attempt = 0; ; attempt += 1) {
        try {
          const response = await api.send({
            method: 'POST',
            path: `${path`/v1/topics/${topic}/events`}?onError=dlq`,
            headers: {
              'content-type': 'application/x-ndjson',
              'millrace-sequence': encodeURIComponent(source),
              'millrace-position': String(first),
            },
            body,
            signal,
          })
          return JSON.parse(response.text) as ReceiveAnswer
        } catch (error) {
          const pause = RETRY_MS[attempt]
          if (pause === undefined || !isMillraceError(error) || !error.retryable) throw error
          await systemClock.sleep(pause, signal)
        }
      }
    },
  }
}

const NEWLINE = 0x0a

/** The events as lines. */
function bodyOf(group: readonly SourceEvent[]): Buffer {
  const lines = group.map(({ bytes }) => lineOf(bytes))
  const body = Buffer.allocUnsafe(lines.reduce((sum, { length }) => sum + length + 1, 0))
  let at = 0
  for (const line of lines) {
    body.set(line, at)
    at += line.length
    body[at++] = NEWLINE
  }
  return body
}

/**
 * An event as a line. A row that the file's reader could not take goes too, as far as it could be read: the server finds the
 * same columns wrong, and puts it aside.
 */
const lineOf = (bytes: Uint8Array): Uint8Array =>
  bytes.length > 0 && !bytes.includes(NEWLINE)
    ? bytes
    : Buffer.from(JSON.stringify(Buffer.from(bytes).toString()))
