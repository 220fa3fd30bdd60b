/** What a test has found so far: anomalies by name and the first of them in words. */
import { isMillraceError } from '../../src/core/index.ts'
import { Anomaly, type AnomalyName } from './anomaly.ts'

export interface Findings {
  readonly anomalies: Partial<Record<AnomalyName, number>>
  readonly worst: string | undefined
  note(name: AnomalyName, what: string): void
  /** Runs `work`; what it throws is a finding. Answers whether there was none. */
  attempt(what: string, work: () => Promise<void>): Promise<boolean>
}

export function createFindings(): Findings {
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  let worst: string | undefined
  const note = (name: AnomalyName, what: string): void => {
    anomalies[name] = (anomalies[name] ?? 0) + 1
    worst ??= `${name}: ${what}`
  }
  return {
    anomalies,
    get worst() {
      return worst
    },
    note,
    async attempt(what, work) {
      try {
        await work()
        return true
      } catch (error) {
        // What the product refuses is a finding; a mistake of the test is not.
        if (error instanceof Anomaly) note(error.anomaly, `${what}: ${error.message}`)
        else if (isMillraceError(error)) note('refused', `${what}: ${error.message}`)
        else throw error
        return false
      }
    },
  }
}
