/** What every feature store and frame builder must do: guarantees F1 to F4, over a real log and a real lake. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { createRandom, type Random } from '../kernels/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import type {
  FeatureStore,
  FeatureTable,
  FeatureViewSpec,
  Frame,
  FrameBuilder,
} from './feature-view.ts'

export interface Rating {
  readonly userId: number
  readonly movieId: string
  readonly rating: number
  readonly timestamp: number
}

/** A topic of `Rating`s with a table of the same name, and a place to open stores on it. */
export interface FeatureWorld {
  readonly table: FeatureTable
  readonly frames: FrameBuilder
  readonly engine: SqlEngine
  /** Any number of times; each store reads the lake as it is then. */
  openStore(views: readonly FeatureViewSpec[]): Promise<FeatureStore>
  /** Appends events in order to one partition; resolves when they are acknowledged. */
  publish(events: readonly (Rating | string)[], partition?: number): Promise<void>
  /** Everything acknowledged goes to the lake; answers its files. */
  commit(): Promise<readonly string[]>
  /** Records that stores have read from the log so far. */
  recordsRead(): number
  remove(): Promise<void>
}

export interface FeatureConformanceOptions {
  /** With two partitions of the topic. */
  readonly openWorld: () => Promise<FeatureWorld>
  readonly seed: number
}

const AGGREGATES = `count(*) as _n, sum(rating) as _sum, avg(rating) as _mean, stddev(rating) as _sd, min(rating) as _min,
  max(rating) as _max, last(rating) as _last, first(rating) as _first, arg_max(rating, timestamp) as _newest,
  (count(*) filter (where rating >= 4) + 1) / (count(*) + 2) as _like`
const viewBy = (name: string, entity: string): FeatureViewSpec => ({
  name,
  sql: `select ${entity}, ${AGGREGATES.replaceAll(' as _', ` as ${name}_`)} from ratings group by ${entity}`,
})
const VIEWS = [viewBy('user', 'userId'), viewBy('movie', 'movieId')]
const WIDTH = 10

function randomEvents(random: Random, count: number): Rating[] {
  let timestamp = 1_000
  return Array.from({ length: count }, () => {
    timestamp += random.int(3)
    return {
      userId: 1 + random.int(60),
      movieId: `m${random.int(80)}`,
      rating: (1 + random.int(10)) / 2,
      timestamp,
    }
  })
}

function assertClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, wanted.length, what)
  for (let i = 0; i < wanted.length; i++) {
    const [a = 0, w = 0] = [actual[i], wanted[i]]
    const isSame =
      (Number.isNaN(a) && Number.isNaN(w)) || Math.abs(a - w) <= 1e-9 * Math.max(1, Math.abs(w))
    assert.ok(isSame, `${what}: feature ${i} is ${a} online and ${w} at that point in time`)
  }
}

const MISSING = new Float64Array(WIDTH).fill(Number.NaN)

/** The features of one view in a row of a frame of both views. */
const featuresOf = (frame: Frame, row: number, view: 0 | 1): Float64Array =>
  frame.values.subarray(row * 2 * WIDTH + view * WIDTH, row * 2 * WIDTH + (view + 1) * WIDTH)

type Check = (world: FeatureWorld, seed: number) => Promise<void>

async function withStore(
  world: FeatureWorld,
  work: (store: FeatureStore) => Promise<void>,
): Promise<void> {
  const store = await world.openStore(VIEWS)
  try {
    await work(store)
  } finally {
    await store.close()
  }
}

const pointInTime = async (world: FeatureWorld): Promise<Frame> =>
  world.frames.frame(world.engine, {
    table: world.table,
    files: await world.commit(),
    views: VIEWS,
    asOf: 'row',
    label: 'rating >= 4',
    categories: ['userId', 'movieId'],
  })

const plantedLeak: Check = async (world, seed) => {
  const random = createRandom(seed)
  // The label's twin arrives right after each event: whoever looks at the future, or at the own row, predicts it exactly.
  const events = Array.from({ length: 300 }, (_, i): Rating[] => {
    const rating = random.int(2) === 1 ? 5 : 1
    const event = { userId: i, movieId: `m${i}`, rating, timestamp: 10 * i }
    return [event, { ...event, timestamp: 10 * i + 5 }]
  }).flat()
  await world.publish(events)
  const frame = await pointInTime(world)
  assert.equal(frame.rows, 600)
  for (let row = 0; row < 600; row += 2) {
    assertClose(featuresOf(frame, row, 0), MISSING, `event ${row} saw its own or a later event`)
    const after = featuresOf(frame, row + 1, 0)
    assert.equal(after[0], 1, 'the twin sees the event before it')
  }
}

const noSkew: Check = async (world, seed) => {
  const random = createRandom(seed)
  const events = randomEvents(random, 1_000)
  const seen: { row: number; view: 0 | 1; online: Float64Array }[] = []
  await withStore(world, async (store) => {
    for (let start = 0; start < events.length;) {
      const run = events.slice(start, start + 10 + random.int(60))
      // The first event of an entity in a run is a row after everything that the store has seen.
      const met = new Set<string>()
      for (const [index, event] of run.entries()) {
        const entities = [String(event.userId), event.movieId] as const
        for (const view of [0, 1] as const) {
          const key = `${view} ${entities[view]}`
          if (met.has(key)) continue
          met.add(key)
          const online = store.get(view === 0 ? 'user' : 'movie', entities[view])
          seen.push({ row: start + index, view, online: online ?? MISSING })
        }
      }
      await world.publish(run)
      await store.refresh()
      start += run.length
    }
  })
  const frame = await pointInTime(world)
  assert.ok(seen.length >= 1_000, `${seen.length} pairs are too few`)
  assert.equal(frame.rows, events.length)
  for (const { row, view, online } of seen) {
    assertClose(online, featuresOf(frame, row, view), `seed ${seed}, row ${row}, view ${view}`)
  }
}

const documentedDifference: Check = async (world) => {
  const early = { userId: 1, movieId: 'a', rating: 2, timestamp: 100 }
  const late = { userId: 1, movieId: 'b', rating: 4, timestamp: 200 }
  await withStore(world, async (store) => {
    await world.publish([late])
    await store.refresh()
    assert.equal(store.get('user', '1')?.[1], 4, 'serving knows what was acknowledged')
    await world.publish([early])
    await store.refresh()
    const frame = await pointInTime(world)
    assert.deepEqual([...frame.offset], [1, 0], 'rows are in the order of event time')
    assertClose(featuresOf(frame, 0, 0), MISSING, 'the event that happened first')
    assert.equal(
      featuresOf(frame, 1, 0)[1],
      2,
      'training sees what happened before, though it came later',
    )
    const online = store.get('user', '1')
    assert.equal(online?.[1], 6)
    assert.equal(online?.[6], 4, 'last is by event time, not by arrival')
  })
}

const acknowledgedIsCovered: Check = async (world, seed) => {
  const random = createRandom(seed)
  await withStore(world, async (store) => {
    let acknowledged = 0
    await Promise.all(
      [0, 1].map(async (partition) => {
        for (let run = 0; run < 12; run++) {
          const events = randomEvents(random, 1 + random.int(30)).map((event) => ({
            ...event,
            userId: 7,
          }))
          await world.publish(events, partition)
          acknowledged += events.length
          const least = acknowledged
          await store.refresh()
          const [n = 0] = store.get('user', '7') ?? []
          assert.ok(n >= least, `${n} events in the view, ${least} were acknowledged`)
        }
      }),
    )
    assert.equal(store.get('user', '7')?.[0], acknowledged)
    for (const fresh of store.freshness()) {
      assert.equal(fresh.lagRecords, 0)
      assert.equal(
        [...fresh.ends.values()].reduce((sum, end) => sum + end, 0),
        acknowledged,
      )
    }
  })
}

const rebuiltEqualsIncremental: Check = async (world, seed) => {
  const events = randomEvents(createRandom(seed), 600)
  const entities = [
    ...Array.from({ length: 60 }, (_, i) => ['user', String(i + 1)] as const),
    ...Array.from({ length: 80 }, (_, i) => ['movie', `m${i}`] as const),
  ]
  await withStore(world, async (incremental) => {
    for (let start = 0; start < 400; start += 100) {
      await world.publish(events.slice(start, start + 100), (start / 100) % 2)
      await incremental.refresh()
    }
    await world.commit()
    // The rest stays in the tail: a rebuilt store has history and tail, and nothing twice.
    await world.publish(events.slice(400), 1)
    await incremental.refresh()
    await withStore(world, async (rebuilt) => {
      await rebuilt.refresh()
      for (const [view, entity] of entities) {
        const [a, b] = [incremental.get(view, entity), rebuilt.get(view, entity)]
        assertClose(b ?? MISSING, a ?? MISSING, `${view} ${entity}, rebuilt from the lake`)
      }
      assert.deepEqual(rebuilt.freshness(), incremental.freshness())
    })
  })
}

const deadLettersAreNoEvents: Check = async (world) => {
  const event = { userId: 1, movieId: 'a', rating: 3, timestamp: 5 }
  await withStore(world, async (store) => {
    await world.publish([event, 'not json', '{"userId":1}', event])
    await store.refresh()
    assert.equal(store.get('user', '1')?.[0], 2)
    await world.publish(['only a dead letter'])
    await store.refresh()
    const [fresh] = store.freshness()
    assert.equal(fresh?.ends.get(0), 5)
    assert.equal(fresh?.dataAsOf, 5)
    assert.equal(fresh?.entities, 1)
  })
}

const costsByNewRecords: Check = async (world, seed) => {
  await world.publish(randomEvents(createRandom(seed), 2_000))
  await withStore(world, async (store) => {
    await store.refresh()
    const before = world.recordsRead()
    assert.ok(before >= 2_000)
    await world.publish([{ userId: 1, movieId: 'm1', rating: 3, timestamp: 9_000 }])
    await store.refresh()
    assert.equal(world.recordsRead() - before, 1, 'one new record costs one record')
    await world.commit()
    await withStore(world, async (rebuilt) => {
      await rebuilt.refresh()
      assert.equal(world.recordsRead() - before, 1, 'what is in the lake is not read from the log')
      assertClose(rebuilt.get('user', '1') ?? MISSING, store.get('user', '1') ?? MISSING, 'user 1')
    })
  })
}

const behaves: Check = async (world) => {
  const store = await world.openStore(VIEWS)
  assert.deepEqual(
    store.views.map(({ name, entity, table }) => [name, entity, table]),
    [
      ['user', 'userId', 'ratings'],
      ['movie', 'movieId', 'ratings'],
    ],
  )
  assert.equal(store.get('user', 'nobody'), undefined)
  assert.throws(() => store.get('nothing', '1'), { code: 'FEATURE_UNKNOWN_VIEW' })
  await store.close()
  await store.close()
  await assert.rejects(store.refresh(), { code: 'FEATURE_STORE_CLOSED' })
  await assert.rejects(world.openStore([{ name: 'bad', sql: 'select 1' }]), {
    code: 'FEATURE_INVALID_VIEW',
  })
}

const CHECKS: readonly (readonly [guarantee: string, name: string, check: Check])[] = [
  ['F1', 'a planted leak is not visible', plantedLeak],
  ['F2', 'online equals point in time for over 1,000 pairs of entity and time', noSkew],
  ['F2', 'where arrival and event time differ, training follows event time', documentedDifference],
  [
    'F3',
    'refresh covers every acknowledged record, under concurrent writers',
    acknowledgedIsCovered,
  ],
  ['F3', 'rebuilt from the lake equals incremental from zero', rebuiltEqualsIncremental],
  ['F3', 'records that are no rows are no events, and hold nothing up', deadLettersAreNoEvents],
  ['F4', 'an update reads the new records only', costsByNewRecords],
  ['F3', 'unknown names, closing', behaves],
]

export function featureConformance(options: FeatureConformanceOptions): ConformanceCheck[] {
  return CHECKS.map(([guarantee, name, check]) => ({
    guarantee,
    name,
    async run() {
      const world = await options.openWorld()
      try {
        await check(world, options.seed)
      } finally {
        await world.remove()
      }
    },
  }))
}
