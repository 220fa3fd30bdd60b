/** Versions, metrics and gates as tables that a person understands. */
import type { ReportAnswer, VersionAnswer, VersionSummaryAnswer } from '../api/index.ts'
import type { CellText, Output } from './output.ts'

/** Splits from the most honest to the least; the first that a version has stands for it in lists. */
const SPLITS = ['time', 'grouped', 'folds', 'random', 'gate', 'train'] as const

const SPLIT_TEXT: Readonly<Record<string, string>> = {
  time: 'last 20 % of each entity',
  random: 'random 20 %',
  grouped: 'random 20 % of the groups',
  folds: 'each row once, in parts',
  gate: 'gate rows (never trained on)',
  'gate-newest': 'gate rows of the newest batch',
  reference: 'gate rows of the first batches',
  train: 'training rows',
}

export function mainReport(reports: readonly ReportAnswer[]): ReportAnswer | undefined {
  for (const split of SPLITS) {
    const report = reports.find((one) => one.split === split)
    if (report) return report
  }
  return reports[0]
}

export const figure = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? '-' : String(Number(value.toPrecision(4)))

/** `auc 0.791 (baseline 0.5), logLoss 0.55 (baseline 0.69)`. */
export function metricsText(report: ReportAnswer | undefined): string {
  if (!report) return '-'
  return Object.entries(report.metrics)
    .map(([name, value]) => {
      const baseline = report.baseline[name]
      return `${name} ${figure(value)}${baseline === undefined ? '' : ` (baseline ${figure(baseline)})`}`
    })
    .join(', ')
}

export const setText = (set: VersionSummaryAnswer['set']): string =>
  `${set.scheme} ${set.part}${set.of === undefined ? '' : ` of ${set.of}`}`

export const refreshText = ({
  from,
  users,
  items,
}: NonNullable<VersionAnswer['lineage']['refreshed']>): string =>
  `goes on from @${from}: ${users} users and ${items} items learned again`

export function versionRow(version: VersionSummaryAnswer): CellText[] {
  const report = mainReport(version.reports)
  return [
    `${version.model}@${version.version}`,
    setText(version.set),
    version.rows,
    metricsText(report),
    version.gate.passed ? 'passed' : 'rejected',
    version.gate.reason,
    version.aliases.join(' ') || null,
  ]
}

export async function versionTable(
  versions: readonly VersionSummaryAnswer[],
  output: Output,
): Promise<void> {
  await output.table(
    ['VERSION', 'SET', 'ROWS', 'METRICS', 'GATE', 'REASON', 'ALIASES'],
    versions.map(versionRow),
  )
}

export async function reportTable(reports: readonly ReportAnswer[], output: Output): Promise<void> {
  await output.table(
    ['MEASURED ON', 'ROWS', 'METRIC', 'MODEL', '95 % INTERVAL', 'BASELINE'],
    reports.flatMap(({ split, rows, metrics, intervals, baseline }) =>
      Object.entries(metrics).map(([name, value]) => [
        SPLIT_TEXT[split] ?? split,
        rows,
        name,
        figure(value),
        intervals?.[name]?.map(figure).join(' to ') ?? null,
        figure(baseline[name]),
      ]),
    ),
  )
}

/** Most important first; nothing for versions without figures. */
export async function importanceTable(
  importance: VersionAnswer['importance'],
  output: Output,
): Promise<void> {
  if (importance === undefined) return
  const { metric, rows, permutation, gain } = importance
  output.line()
  output.line(
    `what the answers rest on: ${metric} lost by shuffling an input, on ${rows} gate rows`,
  )
  await output.table(
    ['INPUT', `${metric.toUpperCase()} LOST`, 'SHARE OF GAIN'],
    Object.entries(permutation)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, value]) => [name, figure(value), figure(gain?.[name])]),
  )
}

/** Trials that a table shows; the rest only in the JSON form. */
const SHOWN_TRIALS = 10

/** What a search for parameters tried, best first; nothing for versions without one. */
export async function searchTable(search: VersionAnswer['search'], output: Output): Promise<void> {
  if (search === undefined) return
  const { method, metric, better, rows, seconds, ended, chosen, trials } = search
  const names = Object.keys(trials.at(-1)?.params ?? {}).filter(
    (name) => new Set(trials.map(({ params }) => JSON.stringify(params[name]))).size > 1,
  )
  output.line(
    `search: ${method}, ${trials.length} trials in ${figure(seconds)} s${ended === 'time' ? ' (the time was up)' : ''}, judged by ${metric} on ${rows} validation rows`,
  )
  const rank = (score: number | undefined): number =>
    score === undefined ? Number.NEGATIVE_INFINITY : better === 'higher' ? score : -score
  const ranked = [...trials.entries()].toSorted(
    ([, a], [, b]) => b.share - a.share || (rank(a.score) < rank(b.score) ? 1 : -1),
  )
  await output.table(
    [...names.map((name) => name.toUpperCase()), metric.toUpperCase(), 'ROWS USED', 'SECONDS', ''],
    ranked
      .slice(0, SHOWN_TRIALS)
      .map(([index, { params, score, share, seconds: took, failed }]) => [
        ...names.map((name) => JSON.stringify(params[name]) ?? 'default'),
        figure(score),
        `${figure(share * 100)} %`,
        figure(took),
        [index === chosen && 'chosen', index === 0 && 'declared', failed]
          .filter(Boolean)
          .join(', '),
      ]),
  )
  if (ranked.length > SHOWN_TRIALS) {
    output.line(`… and ${ranked.length - SHOWN_TRIALS} more: --json shows them all`)
  }
  output.line(searchSentence(search, names))
  output.line()
}

/** What a reader wants first: whether it paid, and that the figures above do not owe to it. */
function searchSentence(
  { metric, chosen, trials }: NonNullable<VersionAnswer['search']>,
  names: readonly string[],
): string {
  const best = trials[chosen]
  const declared = trials[0]
  if (chosen === 0 || !best) return 'nothing better than the declared parameters was found'
  const values = names.map((name) => `${name} ${JSON.stringify(best.params[name]) ?? 'default'}`)
  const before =
    declared?.score === undefined || declared.share !== best.share
      ? ''
      : `, ${figure(declared.score)} as declared`
  return `chosen: ${values.join(', ')} (${metric} ${figure(best.score)}${before}); the version was trained with it, and its test and gate rows took no part in the search`
}
