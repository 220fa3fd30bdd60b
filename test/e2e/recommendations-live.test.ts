/** A recommender over HTTP while things change: swaps under load (P12, P13), and how soon an event acts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  itemName,
  START,
  startTrainedServer,
  type RecommenderServer,
} from './recommender-server.ts'

const RATE_PER_SECOND = 200
const SWAPS = 3

let server: RecommenderServer
let url: string
beforeAll(async () => {
  server = await startTrainedServer()
  url = await server.listen()
}, 60_000)
afterAll(() => server.stop())

interface List {
  readonly version: number
  readonly digest: string
  readonly source: string
  readonly items: readonly { readonly item: string; readonly score: number }[]
}

test(`P12, P13: ${RATE_PER_SECOND} lists a second through ${SWAPS} swaps: no error, one version per answer`, async () => {
  const failures: string[] = []
  const digests = new Map<number, Set<string>>()
  const scores = new Map<string, Set<string>>()
  const pending = new Set<Promise<void>>()
  let asked = 0
  const ask = async (): Promise<void> => {
    try {
      const user = `u${asked++ % 80}`
      const answer = await fetch(`${url}/v1/recommendations/${user}?limit=5`)
      const list = (await answer.json()) as List
      if (answer.status !== 200) failures.push(`${answer.status}: ${JSON.stringify(list)}`)
      else if (answer.headers.get('x-model-version') !== `music@${list.version}`)
        failures.push('header and body name different versions')
      else if (list.items.length !== 5) failures.push(`${list.items.length} items`)
      digests.set(list.version, (digests.get(list.version) ?? new Set()).add(list.digest))
      // Nothing happens to these users meanwhile: a list of one version is always the same list.
      const key = `${user} ${list.version}`
      scores.set(key, (scores.get(key) ?? new Set()).add(JSON.stringify(list.items)))
    } catch (error) {
      failures.push(String(error))
    }
  }
  const timer = setInterval(() => {
    const one = ask().finally(() => pending.delete(one))
    pending.add(one)
  }, 1_000 / RATE_PER_SECOND)
  try {
    for (let swap = 1; swap <= SWAPS; swap++) {
      // A stranger's events: each training has something new.
      const events = Array.from({ length: 20 }, (_, n) => ({
        user: `swap${swap}`,
        item: itemName(2 * n),
        plays: 1,
        at: START,
      }))
      await server.send('listens', events)
      expect(await server.train()).toBe(1 + swap)
      await expect.poll(() => digests.has(1 + swap), { timeout: 10_000 }).toBe(true)
    }
  } finally {
    clearInterval(timer)
    await Promise.all(pending)
  }
  expect(failures).toEqual([])
  expect([...digests.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
  for (const [version, seen] of digests) {
    expect([...seen]).toEqual([server.app.registry.version('music', version).digest])
  }
  expect([...scores.values()].filter((seen) => seen.size > 1)).toEqual([])
  expect(asked).toBeGreaterThan(RATE_PER_SECOND)
}, 90_000)

test('an acknowledged event acts on the next list of its user within 250 ms (95 of 100), without a training', async () => {
  const waits: number[] = []
  for (let n = 0; n < 100; n++) {
    const user = `fresh ${n}`
    const sent = await fetch(`${url}/v1/topics/listens/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user, item: itemName(n % 60), plays: 3, at: START }),
    })
    expect(sent.status).toBe(202)
    const acknowledged = performance.now()
    for (;;) {
      const answer = await fetch(`${url}/v1/recommendations/${encodeURIComponent(user)}`)
      const { source } = (await answer.json()) as List
      if (source === 'fold-in') break
      expect(performance.now() - acknowledged).toBeLessThan(10_000)
      await sleep(2)
    }
    waits.push(performance.now() - acknowledged)
  }
  const p95 = waits.toSorted((a, b) => a - b)[94]
  expect(p95).toBeLessThanOrEqual(250)
}, 60_000)
