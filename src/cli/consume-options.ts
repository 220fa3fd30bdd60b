/** What the ways to consume share: where to begin, and what a record looks like. */
import type { LogRecord } from '../core/index.ts'
import { cliError } from './errors.ts'
import type { StartPlace } from './kafka/consume-records.ts'
import type { Output } from './output.ts'
import { recordValue } from './record-value.ts'

export function startOf(options: {
  readonly from?: 'beginning' | 'end'
  readonly fromBeginning?: boolean
  readonly offset?: number
  /** So many records are a look at what is there, not at what will come. */
  readonly isSample: boolean
}): StartPlace {
  const { from, fromBeginning = false, offset, isSample } = options
  if (offset === undefined) {
    return { at: fromBeginning ? 'beginning' : (from ?? (isSample ? 'beginning' : 'end')) }
  }
  if (!fromBeginning && from !== 'beginning') return { at: 'offset', offset }
  throw cliError('CLI_USAGE', 'say where to begin once: --offset <n>, or --from beginning')
}

/** The value as it was sent, or with `--json` the whole record, on one line. */
export const recordText = (record: string, output: Output): string =>
  output.json ? record : recordValue(record)

/** Prints records of the Kafka protocol as those of REST look. */
export async function recordPrinter(output: Output): Promise<(record: LogRecord) => Promise<void>> {
  const { recordJson } = await import('../api/index.ts')
  return (record) => {
    output.line(recordText(recordJson(record), output))
    return output.drained()
  }
}
