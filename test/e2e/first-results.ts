/**
 * From an empty folder to what each example is for, as a reader starts it, with the time that it took. Used with either log,
 * on generated data, and on genuine files where they are.
 */
import assert from 'node:assert/strict'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { sqlRows, startExample, valuesOf, type Example } from './example.ts'
import { getJson, postJson, until } from './instance.ts'
import type { JourneyWorld } from './game-events-journey.ts'

/** The longest that a newcomer waits for the first result, seconds. */
export const PATIENCE_S = 60
/** Processes that want a processor, for each that there is, while all goes at its usual pace. */
const USUAL_LOAD = 3

/** Fails when the result took too long. A machine with more to do than that gives each process less, and is given more time. */
export function assertInTime(name: string, seconds: number): void {
  const crowd = Math.max(1, (loadavg()[0] ?? 0) / (USUAL_LOAD * availableParallelism()))
  const allowed = PATIENCE_S * crowd
  assert.ok(seconds <= allowed, `${name} took ${seconds} s of ${allowed} s`)
}

const WINDOW_MS = 10_000

/** Resolves when the example has given its main result; asks again until it does. */
const RESULTS: Readonly<Record<string, (example: Example) => Promise<void>>> = {
  async 'game-events'({ url, bootstrap }) {
    assert.equal(await (await fetch(`${url}/purchase_a_sword`)).text(), '\nSword Purchased!\n')
    assert.deepEqual(await valuesOf(bootstrap, 'game_events', 1), [
      '{"event_type": "purchase_sword"}',
    ])
    const counts = await sqlRows(url, 'select event_type, count(*) from game_events group by 1')
    assert.deepEqual(counts, [['purchase_sword', 1]])
  },
  async lastfm({ url }) {
    interface Top {
      readonly result: readonly { readonly name: string; readonly score: number }[]
    }
    const { result } = await answerOf<Top>(url, '/0/25/ratings/top/5')
    assert.equal(result.length, 5)
    assert.ok(result.every(({ name }) => name.length > 0))
  },
  async movielens({ url }) {
    const pair = { userId: 1, movieId: 1 }
    const answers: unknown[] = []
    for (const [what, key] of [
      ['classification', 'prediction_like'],
      ['regression', 'predicted_rating'],
      ['clustering', 'cluster_id'],
    ] as const) {
      const path = `/predict_${what}`
      const [first] = await until(path, async () => {
        const { status, body } = await postJson<Record<string, unknown>[]>(url, path, pair)
        return status === 200 ? body : undefined
      })
      answers.push(typeof first?.[key])
    }
    assert.deepEqual(answers, ['number', 'number', 'number'])
  },
  async sparkify({ url }) {
    interface Risk {
      readonly users: readonly { readonly user: string; readonly probability: number }[]
    }
    const { users } = await answerOf<Risk>(url, '/v1/churn/at-risk?limit=5')
    assert.equal(users.length, 5)
    const [first] = users
    const one = await getJson<{ reasons: unknown[] }>(url, `/v1/users/${first?.user}/churn`)
    assert.equal(one.reasons.length, 3)
  },
  async 'streaming-ml'({ url, bootstrap }) {
    const window = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS - 6 * WINDOW_MS
    const hello = Array.from({ length: 20 }, (_, n) => ({
      time: window + n * 500,
      msg: 'Hello, World!',
    }))
    const next = { time: window + 2 * WINDOW_MS, msg: 'Hello, World!' }
    await postJson(url, '/v1/topics/test-topic/events', [...hello, next])
    const sums = await until('two windows are closed', async () => {
      const rows = await sqlRows(url, 'select words from word_sums order by window_start limit 2')
      return rows.length === 2 ? rows : undefined
    })
    assert.deepEqual(sums, [[40], [0]])
    assert.match((await valuesOf(bootstrap, 'word_sums', 1))[0] ?? '', /"words":40/)
    const [[rows] = []] = await sqlRows(url, 'select count(*) from data_rows')
    assert.ok(Number(rows) > 0)
  },
}

export const EXAMPLES = Object.keys(RESULTS)

/** A route answers 404 or 503 until its model is there. */
function answerOf<T>(url: string, path: string): Promise<T> {
  return until(
    path,
    async () => {
      const answer = await fetch(url + path)
      if (answer.ok) return (await answer.json()) as T
      await pause(100)
      return undefined
    },
    2 * PATIENCE_S * 1_000,
  )
}

/** Answers the seconds from the command to the result. */
export async function firstResult(
  name: string,
  world: JourneyWorld,
  args: readonly string[] = [],
): Promise<number> {
  const startedAt = performance.now()
  const example = await startExample({ name, ...world, args })
  try {
    await RESULTS[name]?.(example)
    return (performance.now() - startedAt) / 1_000
  } catch (error) {
    throw new Error(`example ${name}: ${(error as Error).message}\n${example.output()}`, {
      cause: error,
    })
  } finally {
    await example.stop()
  }
}
