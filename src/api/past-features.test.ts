/** Features as of a moment of the past: what a model that looks ahead saw, whatever came later. */
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { classifier, cumulative, defineApp, recent, sql, topic } from '../app/index.ts'
import { createRandom } from '../kernels/index.ts'
import type { PastFeaturesAnswer } from './answers.ts'
import { startSmallServer, type SmallServer } from './small-app.fixture.ts'

const DAY = 86_400_000
const START = Date.UTC(2018, 9, 1)
const CUT = '2018-10-21'

const app = defineApp({
  name: 'plays',
  topics: {
    plays: topic({
      key: 'user',
      eventTime: 'ms',
      schema: z.object({ user: z.string(), page: z.string(), ms: z.int() }),
    }),
  },
  features: {
    habits: recent(
      '7d',
      sql`select "user", count(*) as events, count_if(page = 'Down') as downs,
        min(_cutoff - ms) / 86400000.0 as quiet_days from plays group by "user"`,
      { until: `page = 'Quit'` },
    ),
    total: sql`select "user", count(*) as all_events from plays group by "user"`,
  },
  models: {
    churn: classifier({
      label: `page = 'Quit'`,
      horizon: { predict: '7d' },
      features: ['habits'],
      set: cumulative(3),
      minRows: 100_000,
    }),
    down: classifier({ label: `page = 'Down'`, features: ['total'], minRows: 100_000 }),
  },
})

interface Play {
  readonly user: string
  readonly page: string
  readonly ms: number
}

const random = createRandom(5)
const PAGES = ['Song', 'Song', 'Down', 'Home']
const some = (count: number, from: number, to: number): Play[] =>
  Array.from({ length: count }, () => ({
    user: `u${random.int(30)}`,
    page: PAGES[random.int(PAGES.length)] ?? 'Song',
    ms: START + Math.floor((from + random.uniform() * (to - from)) * DAY),
  }))

const opened: SmallServer[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((small) => small.stop()))
})

async function serve(plays: readonly Play[]): Promise<SmallServer> {
  const small = await startSmallServer({ definition: app })
  opened.push(small)
  const sent = await small.call('POST', '/v1/topics/plays/events', plays)
  expect(sent.statusCode).toBe(202)
  return small
}

async function past(small: SmallServer, query: string): Promise<PastFeaturesAnswer> {
  const answer = await small.call('GET', `/v1/models/churn/features?${query}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<PastFeaturesAnswer>()
}

const featuresOf = ({ rows }: PastFeaturesAnswer): object[] =>
  rows.map(({ entity, features }) => ({ entity, features }))

test('S2.8, trap 7: events from the cut-off on, edited, removed or added, change no feature', async () => {
  const before = some(600, 0, 20)
  const after = some(300, 20, 40)
  const edited = [
    ...after.slice(100).map((play) => ({ ...play, page: 'Quit' })),
    ...some(50, 20, 40),
  ]
  const first = await past(await serve([...before, ...after]), `asOf=${CUT}`)
  const second = await past(await serve([...before, ...edited]), `asOf=${CUT}`)
  expect(first.rows.length).toBeGreaterThan(20)
  expect(featuresOf(second)).toEqual(featuresOf(first))
  expect(first.rows.every(({ label }) => label === 0)).toBe(true)
  expect(second.rows.some(({ label }) => label === 1)).toBe(true)
})

test('a row is what one counts by hand, an event at the cut-off is after it', async () => {
  const at = (user: string, page: string, day: number): Play => ({
    user,
    page,
    ms: START + day * DAY,
  })
  const small = await serve([
    at('ann', 'Song', 12.5),
    at('ann', 'Down', 13),
    at('ann', 'Song', 19),
    at('ann', 'Down', 20),
    at('bob', 'Song', 14),
    at('bob', 'Quit', 26),
    at('eve', 'Quit', 19),
    at('eve', 'Song', 21),
    at('zoe', 'Song', 3),
    at('zoe', 'Song', 40),
  ])
  const answer = await past(small, `asOf=${CUT}&horizon=5d`)
  expect(answer).toEqual({
    model: 'churn',
    table: 'plays',
    asOf: '2018-10-21T00:00:00.000Z',
    horizonMs: 5 * DAY,
    key: 'user',
    names: ['events', 'downs', 'quiet_days'],
    rows: [
      { entity: 'ann', features: { events: 2, downs: 1, quiet_days: 1 }, label: 0 },
      { entity: 'bob', features: { events: 1, downs: 0, quiet_days: 6 }, label: 0 },
    ],
    next: null,
  })
  const longer = await past(small, `asOf=${CUT}T02:00:00%2B02:00`)
  expect(longer.asOf).toBe(answer.asOf)
  expect(longer.rows.map(({ label }) => label)).toEqual([0, 1])
  const page = await past(small, `asOf=${CUT}&limit=1`)
  expect([page.rows.map(({ entity }) => entity), page.next]).toEqual([['ann'], 'ann'])
  const rest = await past(small, `asOf=${CUT}&limit=1&after=ann`)
  expect([rest.rows.map(({ entity }) => entity), rest.next]).toEqual([['bob'], null])
})

test('a label that can still change is null', async () => {
  const small = await serve(some(600, 0, 24))
  const open = await past(small, `asOf=${CUT}`)
  expect(open.rows.length).toBeGreaterThan(20)
  expect(open.rows.every(({ label }) => label === null)).toBe(true)
  const known = await past(small, `asOf=${CUT}&horizon=3d`)
  expect(known.rows.every(({ label }) => label === 0)).toBe(true)
})

test('what is wrong with a question is named', async () => {
  const small = await serve(some(5, 0, 1))
  const wrong = {
    '': 'query/asOf',
    '?asOf=yesterday': 'query/asOf',
    '?asOf=2018-02-30': 'query/asOf',
    '?asOf=2018-10-21T10:00:00': 'query/asOf',
    '?asOf=2018-10-21&horizon=soon': 'query/horizon',
    '?asOf=2018-10-21&horizon=0d': 'query/horizon',
    '?asOf=2018-10-21&limit=0': 'query/limit',
  }
  for (const [query, path] of Object.entries(wrong)) {
    const answer = await small.call('GET', `/v1/models/churn/features${query}`)
    expect([query, answer.statusCode]).toEqual([query, 422])
    const { errors } = answer.json<{ errors: { path: string }[] }>()
    expect(errors.map((one) => one.path)).toEqual([path])
  }
})

test('a model that does not look ahead says which do; an unknown one is 404', async () => {
  const small = await serve(some(5, 0, 1))
  const other = await small.call('GET', `/v1/models/down/features?asOf=${CUT}`)
  expect(other.statusCode).toBe(409)
  expect(other.json<{ detail: string }>().detail).toMatch(/"down" does not look ahead.* ask churn/)
  expect((await small.call('GET', `/v1/models/none/features?asOf=${CUT}`)).statusCode).toBe(404)
})
