/**
 * The gate (design D19): a candidate serves only when it is no worse than the champion on rows that no version trained on
 * and that its own new data cannot vote on. Checks, all of which must pass:
 *
 * 1. `finite`: every metric of the candidate is a number.
 * 2. `baseline`: better than the trivial model on the same rows.
 * 3. `champion`: not worse than the champion by more than the margin, on the gate rows of batches that the champion's
 *    training had already seen.
 * 4. `reference`, where one is declared: not worse than the best version before by more than the margin, on the gate rows of
 *    the first batches. Versions that each lose a little, against gate rows that are poisoned a little more each time, end here.
 * 5. `label-shift`: the labels of the batches since then look like those before.
 */
import type { GateResult } from '../registry/index.ts'
import { metricDirection } from './evaluation/catalog.ts'
import type { GateRule } from './model-spec.ts'

/** What the gate judges. Metrics of one split, on the same rows for all three. */
export interface GateEvidence {
  readonly rule: GateRule
  /** Where the figures come from, for the sentence: "312 gate rows", "test rows of the time split". */
  readonly rowsName: string
  readonly rows: number
  readonly candidate: Readonly<Record<string, number>>
  readonly baseline: Readonly<Record<string, number>>
  readonly champion?: {
    readonly version: number
    readonly metrics: Readonly<Record<string, number>>
  }
  /** What is measured on the rows that judge for ever. */
  readonly reference?: {
    readonly rows: number
    readonly candidate: number | undefined
    readonly best?: { readonly version: number; readonly value: number }
  }
  /** Move of the label from the batches before to the new ones; absent without new ones or without labels. */
  readonly labelShift?: { readonly before: number; readonly now: number; readonly shift: number }
  /** Figures of all reports, to find one that is not finite. */
  readonly figures: readonly number[]
}

type Check = GateResult['checks'][number]

export function judge(evidence: GateEvidence): GateResult {
  const { rule } = evidence
  const candidate = evidence.candidate[rule.metric]
  const checks = [
    checkFinite(evidence, candidate),
    ...checkBaseline(evidence, candidate),
    ...checkChampion(evidence, candidate),
    ...checkReference(evidence),
    ...checkLabelShift(evidence),
  ]
  const failed = checks.find((check) => !check.passed)
  const last = checks.filter(({ name }) => name !== 'label-shift' && name !== 'reference').at(-1)
  return {
    passed: failed === undefined,
    reason: (failed ?? last)?.detail ?? '',
    metric: rule.metric,
    candidate,
    champion: evidence.champion?.metrics[rule.metric],
    baseline: evidence.baseline[rule.metric],
    checks,
  }
}

function checkFinite(evidence: GateEvidence, candidate: number | undefined): Check {
  const passed =
    candidate !== undefined &&
    Number.isFinite(candidate) &&
    evidence.figures.every((figure) => Number.isFinite(figure))
  const detail = passed
    ? 'every metric is a finite number'
    : `${evidence.rule.metric} is not defined on ${evidence.rowsName}: more rows, or labels of both classes, are needed`
  return { name: 'finite', passed, detail }
}

function checkBaseline(evidence: GateEvidence, candidate: number | undefined): Check[] {
  const { metric } = evidence.rule
  const baseline = evidence.baseline[metric]
  if (candidate === undefined || baseline === undefined) return []
  const passed = (candidate - baseline) * metricDirection(metric) > 0
  const relation = passed ? 'better than' : 'not better than'
  return [
    {
      name: 'baseline',
      passed,
      detail: `${metric} ${figure(candidate)} is ${relation} the trivial baseline's ${figure(baseline)} on ${evidence.rowsName}`,
    },
  ]
}

function checkChampion(evidence: GateEvidence, candidate: number | undefined): Check[] {
  const { metric, margin } = evidence.rule
  const { champion } = evidence
  const theirs = champion?.metrics[metric]
  if (champion === undefined || theirs === undefined || candidate === undefined) return []
  const gain = (candidate - theirs) * metricDirection(metric)
  const passed = gain >= -margin
  const verdict = passed
    ? `within ${figure(margin)} of, or better than,`
    : `worse by ${figure(-gain)} (allowed: ${figure(margin)}) than`
  return [
    {
      name: 'champion',
      passed,
      detail: `${metric} ${figure(candidate)} is ${verdict} version ${champion.version}'s ${figure(theirs)} on ${evidence.rowsName}`,
    },
  ]
}

function checkReference({ reference, rule }: GateEvidence): Check[] {
  const { rows, candidate, best } = reference ?? {}
  if (best === undefined || candidate === undefined) return []
  const { metric, margin } = rule
  const gain = (candidate - best.value) * metricDirection(metric)
  const passed = gain >= -margin
  const verdict = passed
    ? `within ${figure(margin)} of, or better than,`
    : `worse by ${figure(-gain)} (allowed: ${figure(margin)}) than`
  return [
    {
      name: 'reference',
      passed,
      detail: `${metric} ${figure(candidate)} is ${verdict} version ${best.version}'s ${figure(best.value)}, the best so far, on the ${rows} reference rows`,
    },
  ]
}

function checkLabelShift(evidence: GateEvidence): Check[] {
  const { labelShift, rule } = evidence
  if (labelShift === undefined) return []
  const passed = labelShift.shift <= rule.maxLabelShift
  const verdict = passed ? 'is like' : 'moved too far from'
  return [
    {
      name: 'label-shift',
      passed,
      detail: `the new batches' mean label ${figure(labelShift.now)} ${verdict} the ${figure(labelShift.before)} before (shift ${figure(labelShift.shift)}, allowed ${figure(rule.maxLabelShift)})`,
    },
  ]
}

/** As sentences of a version's history have it. */
export const figure = (value: number): string => String(Number(value.toFixed(4)))
