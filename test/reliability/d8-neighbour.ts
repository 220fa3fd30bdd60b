/**
 * D8: events come at a steady rate, alone at first, then beside the worst queries, trainings without a pause and predictions.
 * Beside them the slowest per cent of events takes at most three times as long, and none stalls for a second.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/kernels/index.ts'
import { postJson } from '../e2e/instance.ts'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient } from './load/http-client.ts'
import { requestsOf, residentMib, startLoadedServer } from './load/loaded-server.ts'
import { offerOpen } from './load/offer.ts'
import type { Soak } from './result.ts'

const EVENTS_PER_SECOND = 20
const PREDICTIONS_PER_SECOND = 20
const STALL_MS = 1_000
const MOST_TIMES = 3
/** Two processors that are shared: below this it is the scheduler that is measured. */
const NOISE_MS = 100
const QUERY_MS = 2_000
const WORST = [
  'select count(*) from range(1000000) a, range(1000000) b',
  'select list(range) from range(60000000)',
  "select string_agg(repeat('y', 1000), '') from range(2000000)",
  'select range from range(60000000) order by hash(range) limit 1',
  "select repeat('x', 1000) from range(300000)",
]

/** A round is one second of each half. */
export const worstNeighbour: Soak = async ({ seed, rounds = 15 }) => {
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-d8-'))
  const instance = await startLoadedServer(join(dir, 'data'), seed)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const client = openLoadClient(instance.url, STALL_MS)
  const random = createRandom(seed)
  try {
    const request = requestsOf(instance.url, 'ingest', seed)
    const offer = (): ReturnType<typeof offerOpen> =>
      offerOpen({ client, request, seconds: rounds }, EVENTS_PER_SECOND, random)
    const alone = await offer()
    const neighbours = startNeighbours(instance.url)
    const predict = requestsOf(instance.url, 'predict', seed)
    const [beside, predictions] = await Promise.all([
      offer(),
      offerOpen(
        { client, request: predict, seconds: rounds },
        PREDICTIONS_PER_SECOND,
        createRandom(seed + 1),
      ),
    ])
    const { queries, trainings } = await neighbours.stop()
    const found: string[] = []
    if (beside.timeouts > 0) found.push(`${beside.timeouts} events stalled for a second`)
    if (beside.p99 > MOST_TIMES * alone.p99 + NOISE_MS) {
      found.push(`p99 of events went from ${alone.p99} to ${beside.p99} ms`)
    }
    if (beside.good < beside.sent - beside.timeouts) {
      found.push(`${beside.sent - beside.good} of ${beside.sent} events were refused`)
    }
    if (found.length > 0) anomalies.stuck = found.length
    const facts = { id: 'D8', promise: 'P18', seed, rounds, acknowledged: beside.good }
    const more = {
      events_p99_ms: [alone.p99, beside.p99],
      predictions: { p99_ms: predictions.p99, answered: predictions.good, sent: predictions.sent },
      queries,
      trainings,
      rss_mib: Math.round(residentMib(instance.process.pid ?? 0)),
    }
    const seconds = (performance.now() - began) / 1_000
    return { ...facts, anomalies, worst: found[0], seconds, more }
  } finally {
    client.close()
    await instance.kill()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Four that query without a pause, one that trains. */
function startNeighbours(url: string) {
  let [queries, trainings] = [0, 0]
  const over = new AbortController()
  const query = async (first: number): Promise<void> => {
    for (let at = first; !over.signal.aborted; at++) {
      await postJson(url, '/v1/sql', { sql: WORST[at % WORST.length], timeoutMs: QUERY_MS })
      queries++
    }
  }
  const train = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { body } = await postJson<{ jobs?: { id: string }[] }>(url, '/v1/models/like/train', {})
      for (const { id } of body.jobs ?? []) {
        while (!over.signal.aborted && (await isUnderWay(url, id)));
        trainings++
      }
    }
  }
  const all = Promise.all([query(0), query(1), query(2), query(3), train()])
  return {
    async stop() {
      over.abort()
      await all
      return { queries, trainings }
    },
  }
}

async function isUnderWay(url: string, id: string): Promise<boolean> {
  const answer = await fetch(`${url}/v1/jobs/${id}`)
  const { state } = (await answer.json()) as { state?: string }
  return state === 'queued' || state === 'running'
}
