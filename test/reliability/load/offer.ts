/** Offers load: in an open loop, where requests come whether or not earlier ones are answered, and in a closed one. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../src/kernels/index.ts'
import type { LoadClient, Reply } from './http-client.ts'

export interface Offered {
  readonly sent: number
  /** Answered with 2xx in time. */
  readonly good: number
  readonly seconds: number
  readonly goodPerSecond: number
  /** Of good answers, milliseconds. */
  readonly p50: number
  readonly p99: number
  /** 429 and 503 with Retry-After. */
  readonly refused: number
  readonly withoutRetryAfter: number
  readonly timeouts: number
  /** How late the asking was, by the plan of an open loop, 99 of 100, milliseconds: more than a few, and it is the asking that is measured. */
  readonly lateMs: number
  /** Any other status, by count. */
  readonly others: Readonly<Record<string, number>>
}

export interface Load {
  readonly client: LoadClient
  /** The next request. */
  readonly request: () => Buffer
  readonly seconds: number
}

/** Arrivals are looked at so often; those that fell due are sent at once. */
const TICK_MS = 2

/** Requests at random moments, `perSecond` on average. */
export async function offerOpen(load: Load, perSecond: number, random: Random): Promise<Offered> {
  const replies: (Reply | undefined)[] = []
  const open = new Set<Promise<void>>()
  const began = performance.now()
  const until = began + load.seconds * 1_000
  const step = (): number => (-Math.log(1 - random.uniform()) / perSecond) * 1_000
  const late: number[] = []
  let due = began + step()
  while (performance.now() < until) {
    for (const now = performance.now(); due <= now; due += step()) {
      late.push(now - due)
      const one = load.client.send(load.request()).then((reply) => {
        replies.push(reply)
        open.delete(one)
      })
      open.add(one)
    }
    await pause(TICK_MS)
  }
  const seconds = (performance.now() - began) / 1_000
  await Promise.all(open)
  return summary(replies, seconds, late)
}

/** So many senders, each with one request at a time. */
export async function offerClosed(load: Load, senders: number): Promise<Offered> {
  const replies: (Reply | undefined)[] = []
  const began = performance.now()
  const until = began + load.seconds * 1_000
  const sender = async (): Promise<void> => {
    while (performance.now() < until) replies.push(await load.client.send(load.request()))
  }
  await Promise.all(Array.from({ length: senders }, sender))
  return summary(replies, (performance.now() - began) / 1_000)
}

function summary(
  replies: readonly (Reply | undefined)[],
  seconds: number,
  late: readonly number[] = [],
): Offered {
  const answered = replies.filter((reply) => reply !== undefined)
  const good = answered.filter(({ status }) => status >= 200 && status < 300)
  const refusals = answered.filter(({ status }) => status === 429 || status === 503)
  const times = good.map(({ ms }) => ms)
  const others: Record<string, number> = {}
  for (const { status } of answered) {
    if (status < 300 || status === 429 || status === 503) continue
    others[status] = (others[status] ?? 0) + 1
  }
  const refused = refusals.filter(({ hasRetryAfter }) => hasRetryAfter).length
  return {
    sent: replies.length,
    good: good.length,
    seconds,
    goodPerSecond: Math.round(good.length / seconds),
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    refused,
    withoutRetryAfter: refusals.length - refused,
    timeouts: replies.length - answered.length,
    lateMs: quantile(late, 0.99),
    others,
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  return Number((sorted[at] ?? 0).toFixed(1))
}
