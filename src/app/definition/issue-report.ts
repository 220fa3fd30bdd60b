/** How the checks of an app definition say what is wrong. */
import { parseDuration } from '../../core/index.ts'

/** Adds an issue: a JSON pointer into the definition, and a sentence that continues it. */
export type Report = (path: string, message: string) => void

/** The names a field may have, for the message. */
export function namesOf(of: Readonly<Record<string, unknown>> | readonly string[]): string {
  const names = Array.isArray(of) ? (of as readonly string[]) : Object.keys(of)
  return names.length === 0 ? '(there is none)' : names.map((name) => `"${name}"`).join(', ')
}

/** Runs a check of another room that throws and reports its message. */
export function reportErrors(report: Report, path: string, check: () => unknown): boolean {
  try {
    check()
    return true
  } catch (error) {
    report(path, (error as Error).message)
    return false
  }
}

/** A duration, if given, is readable and above 0. */
export function checkDuration(value: string | undefined, path: string, report: Report): void {
  if (value === undefined) return
  reportErrors(report, path, () => {
    if (parseDuration(value) <= 0) throw new Error('must be longer than 0')
  })
}
