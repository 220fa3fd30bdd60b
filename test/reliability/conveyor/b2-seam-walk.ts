/**
 * B2: the second batch of a table is struck at each seam between two durable steps, by `kill -9` and, where power can be cut,
 * by a power cut. The next start leads to the very files of a run that nothing struck. B6: the same for a compaction. A
 * round is one strike; without `--rounds` every seam of both layouts, otherwise so many of them from a place that the seed draws.
 */
import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom, type Random } from '../../../src/kernels/index.ts'
import {
  commitSeams,
  compactionSeams,
  partitionedCommitSeams,
} from '../../../src/lake/failpoint.ts'
import { FAILPOINTS } from '../../../src/stream/index.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import { cutPower, FILE_SYSTEMS, missingForPowerCut } from '../power-cut.ts'
import type { Soak } from '../result.ts'
import { LAYOUTS, type ChildOptions, type Layout, type Strike } from './child.ts'
import { assertSameFiles } from './b1-conveyor.ts'
import { assertForwards, createConveyor, type Conveyor } from './conveyor.ts'

const TOTAL = 800
/** Files of a batch in folders: how often the seams of one file are passed in it, about. */
const FILES_OF_BATCH = 20
const PER_FILE: readonly string[] = ['folder-made', ...commitSeams.slice(0, 4)]

export interface Walk {
  readonly id: string
  readonly seams: Readonly<Record<Layout, readonly string[]>>
  /** What the struck run and every later one do after the first. */
  readonly work: Partial<ChildOptions>
}

const BATCH: Walk = {
  id: 'B2',
  seams: {
    plain: [...FAILPOINTS, ...commitSeams, 'log-trimmed'],
    folders: [...FAILPOINTS, ...partitionedCommitSeams, 'log-trimmed'],
  },
  work: { steps: [TOTAL / 2, TOTAL], trim: true },
}

/** Twenty small batches, then one compaction; `B6` strikes it. */
const COMPACTION: Walk = {
  id: 'B6',
  seams: { plain: compactionSeams, folders: compactionSeams },
  work: { steps: Array.from({ length: 20 }, (_, at) => (at + 1) * 40), compact: true },
}

const walkOf =
  (walk: Walk): Soak =>
  async ({ seed, rounds }) => {
    const began = performance.now()
    const random = createRandom(seed)
    const findings = createFindings()
    const strikes = strikesOf(walk, missingForPowerCut() === undefined)
    const first = rounds === undefined ? 0 : random.int(strikes.length)
    const count = rounds ?? strikes.length
    const base = await mkdtemp(join(tmpdir(), 'millrace-b2-'))
    try {
      const places = new Map<Layout, Place>()
      for (let round = 0; round < count; round++) {
        // Seven steps at a time, so that a few rounds see all kinds of seams.
        const strike = strikes[(first + round * STRIDE) % strikes.length]!
        const place = places.get(strike.layout) ?? (await prepare(walk, strike.layout, base))
        places.set(strike.layout, place)
        const what = `${strike.layout}, ${strike.isCut ? 'power cut' : 'killed'} at "${strike.at}"`
        await findings.attempt(what, () =>
          strike.isCut
            ? cutAt(place, { ...strike, random })
            : killAt(place, { ...strike, random }, join(base, 'struck')),
        )
      }
    } finally {
      await rm(base, { recursive: true, force: true })
    }
    const seconds = (performance.now() - began) / 1_000
    const { anomalies, worst } = findings
    const facts = {
      id: walk.id,
      promise: 'P2 P5',
      seed,
      rounds: count,
      acknowledged: count * TOTAL,
    }
    return { ...facts, anomalies, worst, seconds, more: { seams: strikes.length } }
  }

export const seamWalk = walkOf(BATCH)
export const compactionWalk = walkOf(COMPACTION)

const STRIDE = 7

interface Blow {
  readonly layout: Layout
  readonly at: string
  readonly isCut: boolean
}

function strikesOf(walk: Walk, canCut: boolean): Blow[] {
  const strikes = LAYOUTS.flatMap((layout) =>
    walk.seams[layout].flatMap((at) => [false, true].map((isCut): Blow => ({ layout, at, isCut }))),
  )
  const possible = strikes.filter(({ isCut }) => canCut || !isCut)
  // A stride that divides the count would come back to the same few.
  return possible.length % STRIDE === 0 ? possible.slice(1) : possible
}

/** What every strike of a layout begins with and must end with. */
interface Place {
  readonly walk: Walk
  /** A folder with the first step done, so that there is a table to go back to. */
  readonly begun: string
  readonly expected: readonly string[]
}

async function prepare(walk: Walk, layout: Layout, base: string): Promise<Place> {
  const begun = join(base, `${layout}-begun`)
  await createConveyor(begun, layout).finish({
    ...walk.work,
    compact: false,
    steps: (walk.work.steps ?? []).slice(0, 1),
  })
  const whole = createConveyor(join(base, `${layout}-whole`), layout)
  await copy(begun, whole.dir)
  await whole.finish(walk.work)
  return { walk, begun, expected: await whole.digests() }
}

const copy = (from: string, to: string): Promise<void> =>
  cp(from, to, { recursive: true, verbatimSymlinks: true })

type Drawn = Blow & { readonly random: Random }

async function killAt(place: Place, blow: Drawn, dir: string): Promise<void> {
  try {
    await copy(place.begun, dir)
    const conveyor = createConveyor(dir, blow.layout)
    const run = conveyor.start({ ...place.walk.work, strike: strikeOf(blow, 'kill') })
    if (await run.ended) throw new Anomaly('phantom', `it never came to "${blow.at}"`)
    const before = await conveyor.look()
    await finishAs(place, conveyor)
    assertForwards(before, await conveyor.look())
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function cutAt(place: Place, blow: Drawn): Promise<void> {
  const kind = FILE_SYSTEMS[blow.random.int(FILE_SYSTEMS.length)]!
  await cutPower({
    kind,
    waitMs: 0,
    async start(folder) {
      await copy(place.begun, folder)
      execFileSync('sync', ['-f', folder])
      const run = createConveyor(folder, blow.layout).start({
        ...place.walk.work,
        strike: strikeOf(blow, 'halt'),
      })
      await run.struck
      return { freeze: () => {}, kill: () => run.kill() }
    },
    async check(folder) {
      const conveyor = createConveyor(folder, blow.layout)
      await conveyor.look()
      await finishAs(place, conveyor)
    },
  })
}

function strikeOf({ at, layout, random }: Drawn, how: Strike['how']): Strike {
  const passes = layout === 'folders' && PER_FILE.includes(at) ? random.int(FILES_OF_BATCH) : 0
  return { at, passes, how }
}

async function finishAs({ walk, expected }: Place, conveyor: Conveyor): Promise<void> {
  await conveyor.finish(walk.work)
  await conveyor.assertWhole(TOTAL)
  assertSameFiles(expected, await conveyor.digests(), 'after the strike')
}
