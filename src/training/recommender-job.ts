/**
 * One training of a recommender, inside the child. The rows are events (a user, an item, a value, a time); each fit sees
 * them as one entry per pair. Reports as for other models: a time split (the last 20 % of each user's events), a seeded
 * random split (20 % of each user's items, rounded down), and the gate rows, with the most popular items beside each. A
 * refresh is judged by the gate rows alone: the fits of the splits would cost what it saves.
 */
import { createHash } from 'node:crypto'
import { sqlName } from '../core/index.ts'
import { createFrameBuilder, type Frame } from '../features/index.ts'
import {
  createInteractions,
  openRecommenderKind,
  parseParams,
  type FittedRecommender,
  type Interactions,
  type RecommenderKind,
} from '../models/index.ts'
import type { MetricReport } from '../registry/index.ts'
import { trainingError } from './errors.ts'
import { rankingMetrics } from './evaluation/ranking.ts'
import { judge, type GateEvidence } from './gate.ts'
import type { JobResult, JobTools } from './labelled-job.ts'
import type { InteractionSpec, ModelSpec } from './model-spec.ts'
import type { TrainingOutcome, TrainingPlan } from './plan.ts'
import { rangeMatcher } from './ranges.ts'
import { refreshChampion } from './refresh.ts'
import { foundParams, searchVersion } from './search/search-version.ts'
import { gateSql, inShare, isGateRow, rangesSql, timeSplit } from './splits.ts'

/** Users of a report: beyond it a metric moves in the third digit, and the evaluation would outlast the fit. */
const MOST_USERS = 10_000
const TEST_SHARE = 0.2
/** Fewest users of a round of a search by halving: with fewer, luck decides who goes on. */
const LEAST_USERS = 100

const NO_JUDGES =
  'the model was trained in full: there are too few gate rows yet to judge a refresh by'

export async function runRecommenderJob(plan: TrainingPlan, tools: JobTools): Promise<JobResult> {
  const { spec } = plan
  const kind = await openRecommenderKind(spec.kind)
  const events = await readEvents(plan, tools)
  checkRows(events, spec)
  const all = events.interactions((row) => events.isTrain(row))
  checkMemory(events, all, kind, plan, tools)
  tools.progress(0.1)
  const isRefresh = plan.refresh === true && hasJudges(events, plan)
  const search = isRefresh ? undefined : await searchFor(events, kind, plan, tools)
  const chosen = search ? foundParams(search) : spec.params
  const fit = (which: RecommenderKind, data: Interactions): Promise<FittedRecommender> =>
    which.fit(data, parseParams(which, which.name === spec.kind ? chosen : {}), {
      seed: spec.seed,
      signal: tools.signal,
    })
  const made = isRefresh ? await refreshChampion(kind, all, spec, tools) : undefined
  const fitted = made?.fitted ?? (await fit(kind, all))
  tools.progress(0.4)
  let gate: TrainingOutcome['gate'] = { passed: true, reason: 'not evaluated', checks: [] }
  const reports: MetricReport[] = []
  if (plan.evaluate) {
    const trivial = await openRecommenderKind(kind.baseline)
    for (const split of isRefresh ? [] : splitsOf(events, plan)) {
      const one = await reportOf(split, kind, trivial, fit)
      if (one) reports.push(one)
    }
    tools.progress(0.8)
    const judged = gateReport(events, all, fitted, await fit(trivial, all), reports, plan, tools)
    reports.push(...judged.reports)
    gate = judge(judged.evidence)
  }
  return {
    fitted,
    outcome: {
      rowCount: events.setCount,
      dataAsOf: events.newest,
      reports,
      gate,
      ...(made && { refreshed: made.refreshed }),
      ...(plan.refresh === true && !isRefresh && { warnings: [NO_JUDGES] }),
      ...(search && { search }),
    },
  }
}

/** Parameters by what they make of a fifth of each user's items that the others are learned from: of rows that may train only. */
async function searchFor(
  events: Events,
  kind: RecommenderKind,
  { spec, memoryBytes }: TrainingPlan,
  tools: JobTools,
): Promise<TrainingOutcome['search']> {
  if (spec.search === undefined) return undefined
  const { isTrain } = events
  const held = randomHeldOut(events.interactions(isTrain), `validation:${spec.seed}`)
  const isHeld = (row: number): boolean => held(events, row, interactionsOf(spec))
  const part = (share: number, isHeldOut: boolean): Interactions =>
    events.interactions(
      (row) =>
        isTrain(row) &&
        isHeld(row) === isHeldOut &&
        inShare(`halving:${spec.seed}`, events.users[row] ?? '', share),
    )
  const validation = sampleUsers(part(1, true))
  const train = part(1, false)
  if (train.item.length === 0 || validation.item.length === 0) return undefined
  const size = { users: train.users.size, items: train.items.size, interactions: train.item.length }
  const partsOf = (share: number): [train: Interactions, validation: Interactions] =>
    share === 1 ? [train, validation] : [part(share, false), sampleUsers(part(share, true))]
  return await searchVersion(spec, tools, kind, {
    rows: validation.item.length,
    leastShare: Math.min(1, LEAST_USERS / train.users.size),
    fits: (params) => kind.memoryBytes(size, parseParams(kind, params)) <= memoryBytes,
    async score(params, signal, share) {
      const [learned, asked] = partsOf(share)
      const fitted = await kind.fit(learned, parseParams(kind, params), { seed: spec.seed, signal })
      return { ...rankingMetrics(fitted, learned, asked) }[spec.gate.metric] ?? Number.NaN
    },
  })
}

/** The events of the set, and the gate rows of everything before it. */
interface Events {
  readonly frame: Frame
  readonly setCount: number
  /** Milliseconds since 1970. */
  readonly newest: number
  readonly isInSet: (row: number) => boolean
  /** In the set and not of the gate. */
  readonly isTrain: (row: number) => boolean
  readonly isGate: (row: number) => boolean
  /** Gate rows of batches that may not vote yet. */
  readonly isNewestGate: (row: number) => boolean
  readonly interactions: (keep: (row: number) => boolean) => Interactions
  readonly users: readonly (string | null)[]
}

async function readEvents(plan: TrainingPlan, tools: JobTools): Promise<Events> {
  const { spec } = plan
  const { user, item, value, combine } = interactionsOf(spec)
  const { name, topic, columns } = plan.table
  const frame = await createFrameBuilder().frame(tools.engine, {
    // Without its event time the table is ordered by the records' timestamps: the event time in milliseconds.
    table: { name, topic, columns },
    files: plan.files,
    views: [],
    rows: `(${rangesSql(plan.rows)} or (${rangesSql(plan.history)} and ${gateSql(spec.table)}))`,
    asOf: 'row',
    ...(value !== undefined && { label: sqlName(value) }),
    categories: [user, item],
  })
  const inSet = rangeMatcher(plan.rows)
  const isFresh = rangeMatcher(plan.fresh)
  const flags = Uint8Array.from({ length: frame.rows }, (_, row) => {
    const [partition, offset] = [frame.partition[row] ?? 0, frame.offset[row] ?? 0]
    return (
      (inSet(partition, offset) ? IN_SET : 0) |
      (isGateRow(spec.table, partition, offset) ? GATE : 0) |
      (isFresh(partition, offset) ? FRESH : 0)
    )
  })
  const rows = {
    user: frame.categories[user] ?? [],
    item: frame.categories[item] ?? [],
    value: frame.label,
    time: frame.eventTime,
  }
  const flagOf = (row: number): number => flags[row] ?? 0
  return {
    frame,
    users: rows.user,
    setCount: flags.filter((flag) => (flag & IN_SET) !== 0).length,
    newest: frame.eventTime.at(-1) ?? 0,
    isInSet: (row) => (flagOf(row) & IN_SET) !== 0,
    isTrain: (row) => (flagOf(row) & (IN_SET | GATE)) === IN_SET,
    isGate: (row) => (flagOf(row) & (GATE | FRESH)) === GATE,
    isNewestGate: (row) => (flagOf(row) & (GATE | FRESH)) === (GATE | FRESH),
    interactions: (keep) => createInteractions(rows, combine, keep),
  }
}

const IN_SET = 1
const GATE = 2
const FRESH = 4

function interactionsOf(spec: ModelSpec): InteractionSpec {
  if (spec.interactions) return spec.interactions
  throw new TypeError(`recommender ${spec.name} names no interactions`)
}

/** Enough gate rows for a decision by figures; a version that is made again has been judged. */
const hasJudges = (events: Events, { evaluate, spec }: TrainingPlan): boolean =>
  !evaluate || events.interactions(events.isGate).item.length >= spec.gate.minRows

function checkRows(events: Events, spec: ModelSpec): void {
  if (events.setCount >= spec.minRows) return
  throw trainingError(
    'TRAINING_NOT_READY',
    `${spec.name} needs ${spec.minRows} events, the set has ${events.setCount}: send more events, or lower minRows`,
    { details: { needs: spec.minRows, has: events.setCount } },
  )
}

function checkMemory(
  events: Events,
  data: Interactions,
  kind: RecommenderKind,
  plan: TrainingPlan,
  tools: JobTools,
): void {
  const size = { users: data.users.size, items: data.items.size, interactions: data.item.length }
  const params = parseParams(kind, plan.spec.params)
  // Per event two texts, a value, a time and its place; the interactions of the set and of one split.
  const rows = events.frame.rows * 160 + 2 * size.interactions * 16
  const bytes = rows + kind.memoryBytes(size, params)
  tools.estimate(bytes)
  if (bytes <= plan.memoryBytes) return
  const settings = kind.settingsThatFit?.(size, params, plan.memoryBytes - rows)
  const remedies = [...(settings === undefined ? [] : [settings]), 'raise trainingMemoryBytes']
  throw trainingError(
    'TRAINING_OUT_OF_MEMORY',
    `training ${plan.spec.name} on ${size.interactions} interactions needs about ${bytes} bytes, the limit is ${plan.memoryBytes}: ${remedies.join(', ')} or train on fewer batches`,
    { details: { needs: bytes, limit: plan.memoryBytes } },
  )
}

interface Split {
  readonly name: 'time' | 'random'
  readonly train: Interactions
  readonly test: Interactions
}

/**
 * Events without a declared time come in any order: what came last says nothing then, and there is no time split.
 * All rows of the set take part, the gate's too: what is fitted here is measured and thrown away, and never a version.
 */
function splitsOf(events: Events, { spec, table }: TrainingPlan): Split[] {
  const { isInSet } = events
  const late = timeSplit(events.users, isInSet)
  const held = randomHeldOut(events.interactions(isInSet), `test:${spec.seed}`)
  const isHeld = (row: number): boolean => held(events, row, interactionsOf(spec))
  const both = (name: Split['name'], isTest: (row: number) => boolean): Split => ({
    name,
    train: events.interactions((row) => isInSet(row) && !isTest(row)),
    test: events.interactions((row) => isInSet(row) && isTest(row)),
  })
  const random = both('random', isHeld)
  return table.eventTime === undefined ? [random] : [both('time', (row) => late[row] === 1), random]
}

/** Of each user's items a fifth, rounded down: those with the least hash. Pairs, so no event of one is on both sides. */
function randomHeldOut(
  all: Interactions,
  salt: string,
): (events: Events, row: number, spec: InteractionSpec) => boolean {
  const held = new Set<string>()
  for (let user = 0; user < all.users.size; user++) {
    const [from, to] = [all.start[user]!, all.start[user + 1]!]
    const count = Math.floor((to - from) * TEST_SHARE)
    if (count === 0) continue
    const id = all.users.idOf(user)
    Array.from(all.item.subarray(from, to), (item) => {
      const key = pairKey(id, all.items.idOf(item))
      return { key, order: createHash('md5').update(`${salt}:${key}`).digest('hex') }
    })
      .toSorted((a, b) => (a.order < b.order ? -1 : 1))
      .slice(0, count)
      .forEach(({ key }) => held.add(key))
  }
  return ({ frame }, row, { user, item }) =>
    held.has(pairKey(frame.categories[user]?.[row] ?? '', frame.categories[item]?.[row] ?? ''))
}

const pairKey = (user: string, item: string): string => `${user.length}:${user}${item}`

type Fit = (kind: RecommenderKind, data: Interactions) => Promise<FittedRecommender>

async function reportOf(
  { name, train, test }: Split,
  kind: RecommenderKind,
  trivial: RecommenderKind,
  fit: Fit,
): Promise<MetricReport | undefined> {
  if (train.item.length === 0 || test.item.length === 0) return undefined
  const asked = sampleUsers(test)
  const found = rankingMetrics(await fit(kind, train), train, asked)
  const baseline = rankingMetrics(await fit(trivial, train), train, asked)
  if (!found || !baseline) return undefined
  return { split: name, rows: test.item.length, metrics: found, baseline }
}

/** At most `MOST_USERS` of the test users, evenly spread over their ids. */
function sampleUsers(test: Interactions): Interactions {
  if (test.users.size <= MOST_USERS) return test
  const step = test.users.size / MOST_USERS
  const chosen = new Set(Array.from({ length: MOST_USERS }, (_, i) => Math.floor(i * step)))
  const rows = Array.from({ length: test.users.size }, (_, user) => user).filter((user) =>
    chosen.has(user),
  )
  const entries = rows.flatMap((user) =>
    Array.from({ length: test.start[user + 1]! - test.start[user]! }, (_, at) => ({
      user,
      at: test.start[user]! + at,
    })),
  )
  return createInteractions(
    {
      user: entries.map(({ user }) => test.users.idOf(user)),
      item: entries.map(({ at }) => test.items.idOf(test.item[at]!)),
      time: Float64Array.from(entries, ({ at }) => test.time[at]!),
    },
    'sum',
  )
}

/** Everyone's lists are made from the same histories, so champion and candidate are asked the same question. */
function gateReport(
  events: Events,
  all: Interactions,
  fitted: FittedRecommender,
  trivial: FittedRecommender,
  reports: readonly MetricReport[],
  plan: TrainingPlan,
  tools: JobTools,
): { readonly reports: MetricReport[]; readonly evidence: GateEvidence } {
  const { spec } = plan
  const gate = sampleUsers(events.interactions(events.isGate))
  const newest = sampleUsers(events.interactions(events.isNewestGate))
  const on = (split: 'gate' | 'gate-newest', rows: Interactions): MetricReport[] => {
    const found = rankingMetrics(fitted, all, rows)
    const baseline = rankingMetrics(trivial, all, rows)
    return found && baseline ? [{ split, rows: rows.item.length, metrics: found, baseline }] : []
  }
  const own = [...on('gate', gate), ...on('gate-newest', newest)]
  const judging = own.find(({ split }) => split === 'gate')
  const isEnough = judging !== undefined && judging.rows >= spec.gate.minRows
  const decisive = isEnough ? judging : reports[0]
  const champion = tools.champion?.fitted
  const theirs =
    isEnough && champion?.task === 'recommender' ? rankingMetrics(champion, all, gate) : undefined
  return {
    reports: own,
    evidence: {
      rule: spec.gate,
      rowsName: isEnough
        ? `${judging.rows} gate rows`
        : `test rows of the ${decisive?.split ?? 'time'} split`,
      rows: decisive?.rows ?? 0,
      candidate: decisive?.metrics ?? {},
      // The most popular items are their own baseline: they need only not be worse than before.
      baseline: spec.kind === trivial.kind ? {} : (decisive?.baseline ?? {}),
      ...(theirs &&
        tools.champion && { champion: { version: tools.champion.version, metrics: theirs } }),
      figures: [...reports, ...own].flatMap(({ metrics }) => Object.values(metrics)),
    },
  }
}
