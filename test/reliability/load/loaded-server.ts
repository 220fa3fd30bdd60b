/** A server with a trained model, and requests of each kind for it. */
import { readFileSync } from 'node:fs'
import { createRandom } from '../../../src/kernels/index.ts'
import { startInstance, until, type Instance } from '../../e2e/instance.ts'
import { ratings, sendRatings, toNdjson } from '../../e2e/ratings.ts'
import { requestBytes } from './http-client.ts'

export type LoadKind = 'ingest' | 'predict' | 'query' | 'mixed'

/** Each kind costs the server some milliseconds, so that one client process can offer ten times what it can do. */
export const EVENTS = 200
const ROWS = 100
const QUERY = 'select userId, count(*), avg(rating) from ratings group by userId order by 2 desc'

export async function startLoadedServer(
  dataDir: string,
  seed: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  const instance = await startInstance({ dataDir, env })
  await sendRatings(instance.url, ratings({ seed, from: 0, count: 1_000 }))
  await until('like serves', async () => {
    const answer = await fetch(`${instance.url}/v1/models/like`)
    return ((await answer.json()) as { live?: object | null }).live ?? undefined
  })
  return instance
}

/** A source of requests of a kind, the same for the same seed. */
export function requestsOf(
  url: string,
  kind: LoadKind,
  seed: number,
  /** Where events go; the default is a topic without a schema. */
  topic = 'load',
): () => Buffer {
  const random = createRandom(seed)
  const events = Array.from({ length: 20 }, (_, at) => {
    const rows = ratings({ seed: seed + at, from: at * EVENTS, count: EVENTS })
    const path = `/v1/topics/${topic}/events`
    return requestBytes(url, 'POST', path, toNdjson(rows), 'application/x-ndjson')
  })
  const pairs = Array.from({ length: ROWS }, (_, at) => ({
    userId: 1 + (at % 60),
    movieId: 1 + (at % 80),
  }))
  const predict = requestBytes(url, 'POST', '/v1/models/like/predict', JSON.stringify(pairs))
  const query = requestBytes(url, 'POST', '/v1/sql', JSON.stringify({ sql: QUERY }))
  const ingest = (): Buffer => events[random.int(events.length)]!
  const one = { ingest, predict: () => predict, query: () => query }
  if (kind !== 'mixed') return one[kind]
  return () => {
    const share = random.uniform()
    return share < 0.6 ? ingest() : share < 0.99 ? predict : query
  }
}

/** Resident memory, MiB. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024
}

/** Processor time of all its threads, seconds; Linux counts hundredths. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // After the name in brackets: state is field 3, user and system time are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
