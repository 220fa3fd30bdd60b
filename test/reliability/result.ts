/** The line of one test: what was run, how often, and what was found. */
import { execFileSync } from 'node:child_process'
import { root } from '../house/sources.ts'
import type { AnomalyName } from './anomaly.ts'

export interface SoakResult {
  readonly id: string
  readonly promise: string
  readonly seed: number
  readonly rounds: number
  readonly acknowledged: number
  readonly anomalies: Partial<Record<AnomalyName, number>>
  readonly recoveryMs?: readonly number[]
  /** The worst thing that was seen, in words. */
  readonly worst?: string
  readonly controls?: { readonly caught: number; readonly total: number }
  readonly seconds: number
  /** Figures of this test alone. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** Why a test could not run here. */
export interface Skipped {
  readonly id: string
  readonly skipped: string
}

export interface SoakOptions {
  readonly seed: number
  readonly isSeedGiven: boolean
  readonly rounds: number | undefined
}

export type Soak = (options: SoakOptions) => Promise<SoakResult | Skipped>

/** One JSON line, the same fields in the same order for every test. */
export function toLine(result: SoakResult | Skipped): string {
  if ('skipped' in result) return JSON.stringify({ ...result, commit: commit(), date: today() })
  const { id, promise, seed, rounds, acknowledged, anomalies, worst, controls, seconds } = result
  const count = (name: AnomalyName): number => anomalies[name] ?? 0
  const times = (result.recoveryMs ?? []).toSorted((a, b) => a - b)
  const at = (share: number): number =>
    Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)
  return JSON.stringify({
    id,
    promise,
    commit: commit(),
    date: today(),
    seed,
    rounds,
    acknowledged,
    lost: count('lost'),
    duplicate: count('duplicate'),
    gap: count('gap'),
    overlap: count('overlap'),
    changed: count('changed') + count('torn') + count('phantom') + count('reordered'),
    stuck: count('stuck') + count('refused'),
    unopenable: count('unopenable'),
    recovery_ms: { p50: at(0.5), p99: at(0.99), max: at(1) },
    worst: worst ?? '',
    // Rule of three: with no failure in n rounds the chance of one is below 3/n with 95 % confidence.
    bound95: isClean(result) ? Number((3 / Math.max(3, rounds)).toPrecision(2)) : null,
    controls: controls ?? { caught: 0, total: 0 },
    seconds: Math.round(seconds),
    ...result.more,
  })
}

export const isClean = ({ anomalies, controls }: SoakResult): boolean =>
  Object.values(anomalies).every((count) => count === 0) &&
  (controls === undefined || controls.caught === controls.total)

const today = (): string => new Date().toISOString().slice(0, 10)

function commit(): string {
  try {
    const text = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, stdio: 'pipe' })
    return text.toString().trim()
  } catch {
    return 'unknown'
  }
}
