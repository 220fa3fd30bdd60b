/**
 * What one simulated run does, as data: drawn from a seed, and smaller whenever a step is left out. Each step brings its
 * own seed, so leaving one out changes nothing in the others' luck.
 */
import { createRandom, type Random } from '../../../src/kernels/index.ts'
import type { DamageKind, DiskFaults } from '../../../src/testing/simulated-disk.ts'

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  readonly cleanup: 'delete' | 'compact'
  readonly segmentBytes: number
  readonly retentionBytes: number
  readonly tombstoneMs: number
}

export type Action =
  | { readonly kind: 'append'; readonly topic: string; readonly partition: number; readonly sizes: readonly number[]; readonly key: number }
  | { readonly kind: 'read'; readonly topic: string; readonly partition: number; readonly from: number; readonly maxBytes: number }
  | { readonly kind: 'create' | 'delete'; readonly topic: string }
  | { readonly kind: 'poll'; readonly maxRecords: number }
  | { readonly kind: 'commit' | 'leave' | 'clean' }
  | { readonly kind: 'hold'; readonly topic: string; readonly partition: number; readonly behind: number } // prettier-ignore

/** How a step ends: the log stays open, is closed in order, its process is killed, the machine loses power. */
export type Ending = 'stay' | 'close' | 'kill' | 'power'

export interface Step {
  readonly seed: number
  /** Begun together. */
  readonly actions: readonly Action[]
  /** While the actions run. */
  readonly faults: DiskFaults
  readonly ending: Ending
  /** A kill or power cut comes after so many disk calls of the step, or when everything is done. */
  readonly afterCalls: number
  /** While the log is opened again; a failure there must heal when the disk does. */
  readonly reopenFaults: DiskFaults
  /** A power cut or kill after so many disk calls of opening. */
  readonly reopenCrash?: { readonly ending: 'kill' | 'power'; readonly afterCalls: number }
  /** To a stored file, while nothing runs. */
  readonly damage?: { readonly kind: DamageKind; readonly file: number }
  /** Wall clock and monotonic clock go on. */
  readonly advanceMs: number
  /** The wall clock alone jumps. */
  readonly jumpMs: number
}

export interface Schedule {
  readonly seed: number
  readonly topics: readonly TopicPlan[]
  /** A power cut keeps changes of names in order. */
  readonly ordered: boolean
  readonly steps: readonly Step[]
}

/** Largest value that the simulated log takes. */
export const RECORD_BYTES = 3_000
const YEAR_MS = 365 * 86_400_000

const chance = (random: Random, of: number): boolean => random.uniform() < of
const pick = <T>(random: Random, from: readonly T[]): T => from[random.int(from.length)]!

export interface ScheduleOptions {
  readonly steps?: number
  /** Damage at rest; without it every acknowledged record must be there. Default: in one schedule of four. */
  readonly damage?: boolean
}

export function drawSchedule(seed: number, options: ScheduleOptions = {}): Schedule {
  const random = createRandom(seed)
  const segmentBytes = (): number => pick(random, [200, 700, 3_000, 20_000])
  const plain = { cleanup: 'delete', retentionBytes: -1, tombstoneMs: 0 } as const
  const topics: TopicPlan[] = [
    { ...plain, name: 'plain', partitions: 1 + random.int(3), segmentBytes: segmentBytes() },
    { ...plain, name: 'kept', partitions: 1, segmentBytes: pick(random, [200, 700]), retentionBytes: 1_500 },
    { ...plain, name: 'compact', cleanup: 'compact', partitions: 1, segmentBytes: pick(random, [200, 700]), tombstoneMs: 500 },
  ] // prettier-ignore
  const count = options.steps ?? 6 + random.int(14)
  const damage = options.damage ?? chance(random, 0.25)
  const style: Style = {
    faulty: chance(random, 0.6),
    full: chance(random, 0.3),
    // A disk that fails now and then, or one that is dying.
    rate: pick(random, [0.01, 0.05, 0.2]),
    damage,
    unfaithful: options.damage ?? chance(random, 0.15),
  }
  const steps: Step[] = [
    { ...quiet(random), actions: topics.map(({ name }) => ({ kind: 'create', topic: name })) },
  ]
  while (steps.length < count) steps.push(drawStep(random, topics, style))
  return { seed, topics, ordered: chance(random, 0.5), steps }
}

interface Style {
  readonly faulty: boolean
  readonly full: boolean
  readonly rate: number
  readonly damage: boolean
  /** Its syncs may lie, its writes may go astray. */
  readonly unfaithful: boolean
}

const quiet = (random: Random): Step => ({
  seed: random.uint32(),
  actions: [],
  faults: {},
  ending: 'stay',
  afterCalls: 0,
  reopenFaults: {},
  advanceMs: 0,
  jumpMs: 0,
})

function drawStep(random: Random, topics: readonly TopicPlan[], style: Style): Step {
  const ending = pick<Ending>(random, ['stay', 'stay', 'stay', 'close', 'kill', 'power', 'power'])
  const crash = chance(random, 0.15)
  return {
    ...quiet(random),
    actions: Array.from({ length: 1 + random.int(8) }, () => drawAction(random, topics)),
    faults: chance(random, 0.5) ? drawFaults(random, style) : shortOnly(random),
    ending,
    afterCalls: chance(random, 0.2) ? Infinity : random.int(chance(random, 0.5) ? 20 : 120),
    reopenFaults: chance(random, 0.2) ? drawFaults(random, style) : {},
    reopenCrash: crash
      ? { ending: pick(random, ['kill', 'power']), afterCalls: random.int(40) }
      : undefined,
    damage:
      style.damage && ending !== 'stay' && chance(random, 0.4)
        ? {
            kind: pick(random, ['flip', 'flip', 'zero', 'misdirect', 'cut', 'swap']),
            file: random.uint32(),
          }
        : undefined,
    advanceMs: chance(random, 0.3) ? random.int(1_000) : 0,
    jumpMs: chance(random, 0.1) ? pick(random, [-YEAR_MS, YEAR_MS, -3_600_000, 3_600_000]) : 0,
  }
}

const shortOnly = (random: Random): DiskFaults =>
  chance(random, 0.3) ? { short: 0.3, interrupted: 0.1 } : {}

function drawFaults(random: Random, { faulty, full, rate, unfaithful }: Style): DiskFaults {
  const kinds = ['open', 'write', 'datasync', 'truncate', 'rename', 'unlink', 'syncDir', 'read', 'makeDir', 'list', 'link', 'removeDir'] as const // prettier-ignore
  const few = kinds.filter(() => chance(random, 0.4))
  return {
    ...shortOnly(random),
    ...(faulty ? { fail: Object.fromEntries(few.map((kind) => [kind, rate])) } : {}),
    ...(unfaithful && chance(random, 0.5)
      ? { unfaithfulTo: '.log', [pick(random, ['lyingSync', 'misdirected'])]: 0.1 }
      : {}),
    ...(full && chance(random, 0.5) ? { freeBytes: random.int(4_000) } : {}),
  }
}

function drawAction(random: Random, topics: readonly TopicPlan[]): Action {
  const { name: topic, partitions } = pick(random, topics)
  const partition = random.int(partitions)
  const kind = random.int(20)
  if (kind < 9) {
    const size = (): number =>
      chance(random, 0.04)
        ? RECORD_BYTES + random.int(2)
        : 20 + random.int(pick(random, [30, 200, 900]))
    const sizes = Array.from({ length: 1 + random.int(pick(random, [1, 4, 12])) }, size)
    return { kind: 'append', topic, partition, sizes, key: random.int(4) }
  }
  if (kind < 12)
    return {
      kind: 'read',
      topic,
      partition,
      from: random.uniform(),
      maxBytes: pick(random, [1, 300, 100_000]),
    }
  if (kind < 14) return { kind: 'poll', maxRecords: 1 + random.int(20) }
  if (kind < 16) return { kind: 'commit' }
  if (kind < 18) return { kind: 'clean' }
  if (kind === 18)
    return chance(random, 0.5)
      ? { kind: 'leave' }
      : { kind: 'hold', topic, partition, behind: random.int(20) }
  return { kind: chance(random, 0.3) ? 'delete' : 'create', topic }
}
