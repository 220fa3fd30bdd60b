/** Moments as people write them: a date, or a time that says its zone. */
import { coreError } from './errors.ts'
import { quote } from './names.ts'

const MOMENT = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** Milliseconds since the epoch; a date is its midnight in UTC. Throws CORE_INVALID_MOMENT. */
export function parseMoment(text: string): number {
  const day = MOMENT.exec(text)?.[1]
  const midnight = day === undefined ? Number.NaN : Date.parse(day)
  // A 30th of February would become the 2nd of March.
  const isDay = Number.isFinite(midnight) && new Date(midnight).toISOString().startsWith(`${day}T`)
  const ms = isDay ? Date.parse(text) : Number.NaN
  if (Number.isFinite(ms)) return ms
  throw coreError(
    'CORE_INVALID_MOMENT',
    `${quote(text)} is no moment: write a date such as 2018-11-15, or a time with its zone such as 2018-11-15T12:00:00Z`,
  )
}
