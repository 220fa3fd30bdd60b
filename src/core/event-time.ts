/** From a field with a time to milliseconds since the Unix epoch. */

/** Numbers below this are seconds: as seconds it is the year 5138, as milliseconds it is March 1973. */
const SECONDS_BELOW = 1e11
/** 1900-01-01 and 9999-12-31T23:59:59.999Z: outside of it somebody made a mistake. */
const EARLIEST_MS = -2_208_988_800_000
const LATEST_MS = 253_402_300_799_999
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/

/** Undefined when the value is no time between the years 1900 and 9999. */
export function eventTimeMs(value: unknown, unit?: 's' | 'ms'): number | undefined {
  let ms = Number.NaN
  if (typeof value === 'number') ms = scale(value, unit)
  else if (typeof value === 'string') {
    ms = /^-?\d{1,19}$/.test(value) ? scale(Number(value), unit) : isoMs(value)
  }
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? Math.round(ms) : undefined
}

function scale(value: number, unit: 's' | 'ms' | undefined): number {
  const isSeconds = unit === undefined ? Math.abs(value) < SECONDS_BELOW : unit === 's'
  return isSeconds ? value * 1_000 : value
}

const isoMs = (text: string): number => (ISO.test(text) ? Date.parse(text) : Number.NaN)
