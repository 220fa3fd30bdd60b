/**
 * A4: a scripted life of a log (topics made, grown and deleted, segments rolled, compaction, retention, commits, an orderly
 * close) on the simulated disk, ended at each of its disk calls in turn, by `kill -9` and by a power cut; then again with a
 * second end at each call of the opening after it. A round is one such pair; without `--rounds` all singles, with `--rounds`
 * so many pairs as well, drawn by the seed.
 */
import { createRandom } from '../../src/kernels/index.ts'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { RECORD_BYTES, type Action, type Schedule, type Step } from './simulation/schedule.ts'
import { simulate } from './simulation/simulation.ts'

type Ending = 'kill' | 'power'
const ENDINGS: readonly Ending[] = ['kill', 'power']

const append = (topic: string, partition: number, sizes: readonly number[], key = 0): Action => ({
  kind: 'append',
  topic,
  partition,
  sizes,
  key,
})

/** Begun one after the other, so that a call number means the same place in every run. */
const SCRIPT: readonly (readonly Action[])[] = [
  [{ kind: 'create', topic: 'plain' }],
  [{ kind: 'create', topic: 'compact' }],
  [{ kind: 'create', topic: 'kept' }],
  [append('plain', 0, [100, 200]), append('plain', 1, [300])],
  [append('plain', 0, [RECORD_BYTES, 40])],
  [append('compact', 0, [100, 60, 200, 90], 1)],
  [append('compact', 0, [81, 61, 200, 90], 2)],
  [append('compact', 0, [82, 62, 200, 92], 3)],
  [append('kept', 0, [400, 300])],
  [append('kept', 0, [400, 300])],
  [append('kept', 0, [400, 900])],
  [{ kind: 'poll', maxRecords: 4 }],
  [{ kind: 'commit' }],
  [{ kind: 'clean' }],
  [append('plain', 1, [50])],
  [{ kind: 'leave' }],
  [{ kind: 'delete', topic: 'kept' }],
  [{ kind: 'create', topic: 'kept' }],
  [append('kept', 0, [77])],
]

const step = (part: Partial<Step>): Step => ({
  seed: 2,
  actions: [],
  faults: {},
  ending: 'stay',
  afterCalls: 0,
  reopenFaults: {},
  advanceMs: 600,
  jumpMs: 0,
  ...part,
})

/** The script up to its action `at`, which ends after `call` disk calls; then, perhaps, an end in the opening. */
function schedule(
  at: number,
  ending: Ending,
  call: number,
  reopenCrash?: Step['reopenCrash'],
): Schedule {
  const plan = { segmentBytes: 300, retentionBytes: -1, tombstoneMs: 500 }
  const before = SCRIPT.slice(0, at).map((actions) => step({ actions }))
  const last = step({ actions: SCRIPT[at]!, ending, afterCalls: call, reopenCrash })
  return {
    seed: 1,
    ordered: false,
    topics: [
      { ...plan, name: 'plain', partitions: 2, cleanup: 'delete' },
      { ...plan, name: 'compact', partitions: 1, cleanup: 'compact' },
      { ...plan, name: 'kept', partitions: 1, cleanup: 'delete', retentionBytes: 1_000 },
    ],
    steps: [...before, last],
  }
}

/** Calls of an opening that a second end may come at. */
const REOPEN_CALLS = 60

export const failpoints: Soak = async ({ seed, rounds }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  let [points, pairs, acknowledged, worst] = [0, 0, 0, undefined as string | undefined]
  const run = async (one: Schedule, what: string): Promise<boolean> => {
    const outcome = await simulate(one)
    acknowledged += outcome.acknowledged
    if (outcome.finding !== undefined) {
      const { anomaly, message } = outcome.finding
      anomalies[anomaly] = (anomalies[anomaly] ?? 0) + 1
      worst ??= `${what}: ${message}`
    }
    return outcome.isCutShort
  }
  const places: { readonly at: number; readonly ending: Ending; readonly call: number }[] = []
  for (const ending of ENDINGS) {
    for (let at = 0; at < SCRIPT.length; at++) {
      for (let call = 0, isWithin = true; isWithin; call++) {
        isWithin = await run(
          schedule(at, ending, call),
          `${ending} at call ${call} of action ${at}`,
        )
        places.push({ at, ending, call })
        points++
      }
    }
  }
  for (; pairs < (rounds ?? 0); pairs++) {
    const { at, ending, call } = places[random.int(places.length)]!
    const second = { ending: ENDINGS[random.int(2)]!, afterCalls: random.int(REOPEN_CALLS) }
    const what = `${ending} at call ${call} of action ${at}, ${second.ending} at call ${second.afterCalls} of opening`
    await run(schedule(at, ending, call, second), what)
  }
  const seconds = (performance.now() - began) / 1_000
  const result = { id: 'A4', promise: 'P1 P5', seed, rounds: points + pairs, acknowledged }
  return { ...result, anomalies, worst, seconds, more: { points, pairs } }
}
