/** Durations as people write them: `250ms`, `30s`, `10m`, `24h`, `7d`. */
import { coreError } from './errors.ts'
import { quote } from './names.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** Milliseconds of a duration text. Throws CORE_INVALID_DURATION. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  const unit = match?.[2] === undefined ? undefined : UNIT_MS[match[2]]
  if (!match || unit === undefined) {
    throw coreError(
      'CORE_INVALID_DURATION',
      `duration ${quote(text)} is not a number and a unit: write for example 250ms, 30s, 10m, 24h or 7d`,
    )
  }
  return Number(match[1]) * unit
}

/** The shortest text of a duration, for people: `1.5s`, `2m 5s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')}s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return twoUnits(minutes, 'm', Math.round((ms % 60_000) / 1_000), 's')
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h')
  return twoUnits(hours, 'h', minutes % 60, 'm')
}

const twoUnits = (large: number, unit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${unit}` : `${large}${unit} ${small}${smallUnit}`
