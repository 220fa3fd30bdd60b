/** Windowed views: what was true at a cut-off by hand, nothing after it, and the same numbers while serving. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../kernels/index.ts'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import type { CutoffFrame, FeatureTable, FeatureViewSpec } from './feature-view.ts'
import { createFrameBuilder } from './frame-builder.ts'
import { compileFeatureView } from './view-compiler.ts'
import { createWindowedView } from './windowed-view.ts'

const DAY = 86_400_000
/** Day 0. */
const START = Date.UTC(2018, 9, 1)
const msOf = (day: number): number => START + Math.round(day * DAY)
const table: FeatureTable = {
  name: 'plays',
  topic: 'plays',
  eventTime: 'ms',
  columns: [
    { name: 'user', type: 'text', nullable: false },
    { name: 'page', type: 'text', nullable: false },
    { name: 'ms', type: 'integer', nullable: false },
  ],
}
const view: FeatureViewSpec = {
  name: 'recent',
  windowMs: 7 * DAY,
  until: `page = 'Quit'`,
  sql: `select "user", count(*) as events, count_if(page = 'Down') as downs,
    count_if(_cutoff - ms <= ${2 * DAY}) as of_two_days,
    min(_cutoff - ms) / ${DAY}.0 as quiet_days
    from plays where "user" <> '' group by "user"`,
}

interface Play {
  readonly user: string
  readonly page: string
  /** Days since `START`. */
  readonly day: number
}

let engine: SqlEngine
let folder: string
let files = 0
const builder = createFrameBuilder()

beforeAll(async () => {
  engine = await openSqlEngine()
  folder = await mkdtemp(join(tmpdir(), 'millrace-windowed-'))
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const relation = (plays: readonly Play[], from = 0): string =>
  `select * from (values ${plays
    .map(
      ({ user, page, day }, index) =>
        `('${user}', '${page}', ${msOf(day)}::bigint, 0::integer, ${from + index}::bigint)`,
    )
    .join(', ')}) t("user", page, ms, _partition, _offset)`

async function cutoffs(
  plays: readonly Play[],
  days: readonly number[],
  withinDays?: number,
): Promise<CutoffFrame> {
  const file = join(folder, `${files++}.parquet`)
  await engine.run(`copy (${relation(plays)}) to '${file}' (format parquet)`)
  return builder.cutoffs(engine, {
    table,
    files: [file],
    views: [view],
    cutoffs: days.map(msOf),
    ...(withinDays !== undefined && {
      label: { sql: `page = 'Quit'`, withinMs: withinDays * DAY },
    }),
  })
}

const rowsOf = (frame: CutoffFrame): object[] =>
  frame.keys.map((user, row) => ({
    user,
    day: ((frame.cutoff[row] ?? 0) - START) / DAY,
    features: Array.from(
      frame.values.subarray(row * frame.names.length, (row + 1) * frame.names.length),
    ),
    ...(frame.label && { label: frame.label[row] }),
  }))

describe('a frame of cut-offs', () => {
  test('S2.8, trap 7: counts the window before the cut-off, labels what comes from it on', async () => {
    const frame = await cutoffs(
      [
        { user: 'ann', page: 'Song', day: 12.9 },
        { user: 'ann', page: 'Down', day: 13 },
        { user: 'ann', page: 'Song', day: 19.5 },
        { user: 'ann', page: 'Down', day: 20 },
        { user: 'bob', page: 'Song', day: 14 },
        { user: 'bob', page: 'Quit', day: 20 },
        { user: '', page: 'Home', day: 19 },
        { user: 'eve', page: 'Quit', day: 27 },
      ],
      [20, 27],
      7,
    )
    expect(frame.names).toEqual(['events', 'downs', 'of_two_days', 'quiet_days'])
    expect(rowsOf(frame)).toEqual([
      { user: 'ann', day: 20, features: [2, 1, 1, 0.5], label: 0 },
      { user: 'bob', day: 20, features: [1, 0, 0, 6], label: 1 },
      // Bob quit inside the window of day 27 and is asked about no more.
      { user: 'ann', day: 27, features: [1, 1, 0, 7], label: 0 },
    ])
  })

  test('S2.8, trap 7: no event from the cut-off on changes a feature', async () => {
    const random = createRandom(7)
    const some = (count: number, from: number, to: number): Play[] =>
      Array.from({ length: count }, () => ({
        user: `u${random.int(12)}`,
        page: ['Song', 'Down', 'Home'][random.int(3)] ?? 'Song',
        day: from + random.uniform() * (to - from),
      }))
    const before = some(400, 0, 30)
    const first = rowsOf(await cutoffs([...before, ...some(300, 30, 60)], [10, 20, 30]))
    const other = some(500, 30, 60).map((play) => ({ ...play, page: 'Quit' }))
    expect(rowsOf(await cutoffs([...before, ...other], [10, 20, 30]))).toEqual(first)
    expect(first.length).toBeGreaterThan(30)
  })

  test('is empty without cut-offs', async () => {
    const frame = await cutoffs([{ user: 'ann', page: 'Song', day: 1 }], [], 7)
    expect([frame.rows, frame.values.length, frame.label?.length]).toEqual([0, 0, 0])
  })
})

describe('a windowed view while serving', () => {
  test('F2: equals the frame at the newest event, after any number of parts, late ones too', async () => {
    const random = createRandom(11)
    const online = createWindowedView(await compileFeatureView(engine, view, table))
    const all: Play[] = []
    for (let part = 0; part < 12; part++) {
      const plays = Array.from({ length: 1 + random.int(40) }, (): Play => ({
        user: `u${random.int(15)}`,
        page: ['Song', 'Down', 'Home', 'Song', 'Quit'][random.int(part > 8 ? 5 : 4)] ?? 'Song',
        day: Math.max(0, 2 * part + 3 * random.uniform() - (random.int(9) === 0 ? 4 : 0)),
      }))
      const publish = await online.prepare(engine, relation(plays, all.length))
      publish()
      all.push(...plays)
      await online.settle?.(engine)
      const newest = Math.max(...all.map(({ day }) => msOf(day)))
      const frame = await cutoffs(all, [(newest + 1 - START) / DAY])
      const wanted = new Map(
        frame.keys.map((key, row) => [key, frame.values.slice(row * 4, row * 4 + 4)]),
      )
      expect(new Set(online.keys())).toEqual(new Set(wanted.keys()))
      for (const [user, values] of wanted) expect(online.get(user)).toEqual(values)
    }
  })

  test('an event with a wrong clock neither empties the window nor makes outcomes known', async () => {
    const plays = Array.from({ length: 300 }, (_, n): Play => ({
      user: `u${n % 30}`,
      page: 'Song',
      day: 20 + n / 30,
    }))
    const wrong: Play[] = [{ user: 'u7', page: 'Song', day: 4_000 }]
    const online = createWindowedView(await compileFeatureView(engine, view, table))
    for (const [part, from] of [
      [plays.slice(0, 150), 0],
      [wrong, 150],
      [plays.slice(150), 151],
    ] as const) {
      const publish = await online.prepare(engine, relation(part, from))
      publish()
      await online.settle?.(engine)
    }
    expect(online.keys()).toHaveLength(30)
    expect(online.asOf?.()).toBe(msOf(20 + 299 / 30))
    const file = join(folder, `${files++}.parquet`)
    await engine.run(`copy (${relation([...plays, ...wrong])}) to '${file}' (format parquet)`)
    const span = await builder.span(engine, { table, files: [file], views: [view] })
    expect(span).toEqual({ firstMs: msOf(20), lastMs: msOf(20 + 298 / 30) })
  })

  test('rows that were stored by a change which nobody published come once', async () => {
    const online = createWindowedView(await compileFeatureView(engine, view, table))
    const plays = [1, 2, 3].map((day) => ({ user: 'ann', page: 'Song', day }))
    await online.prepare(engine, relation(plays))
    const publish = await online.prepare(engine, relation(plays))
    publish()
    await online.settle?.(engine)
    expect(online.get('ann')?.[0]).toBe(3)
  })
})
