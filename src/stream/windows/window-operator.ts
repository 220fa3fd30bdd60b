/** The embedded engine of windows: folds records into open windows and gives out those that the watermark has passed. */
import { z } from 'zod'
import type { Clock, Column, Logger, LogRecord } from '../../core/index.ts'
import type { DropReason } from '../derived/derived-stream.ts'
import type { Base, Operator, Results } from '../derived/operator.ts'
import { addRow, createWindowResults, type OpenWindow } from './open-windows.ts'
import { createWatermarks } from './watermarks.ts'
import { MOST_EMPTY, type WindowSpec } from './window.ts'
import { resultRecord } from './window-result.ts'
import { createWindowRows, type WindowRow } from './window-rows.ts'

/** All windows that end at or before this are to be closed. */
const due = z.object({ until: z.number() })
export type WindowDue = z.infer<typeof due>

export interface WindowOperatorOptions {
  readonly name: string
  readonly spec: WindowSpec
  /** Columns of the source. */
  readonly columns: readonly Column[]
  readonly partitions: readonly number[]
  readonly to: string
  readonly clock: Clock
  readonly logger: Logger
}

export function createWindowOperator(options: WindowOperatorOptions): Operator<WindowDue> {
  const { spec, clock, columns } = options
  const resultsOf = createWindowResults(spec, columns)
  const { sizeMs, latenessMs } = spec
  const rowsOf = createWindowRows(spec, columns)
  const marks = createWatermarks(spec, options.partitions, clock)
  /** By start, milliseconds since the epoch. */
  const open = new Map<number, OpenWindow>()
  let closedUntil: number | null = null

  const startOf = (ms: number): number => Math.floor(ms / sizeMs) * sizeMs

  function take(row: WindowRow): DropReason | undefined {
    const { partition, timeMs } = row
    if (timeMs > clock.now() + spec.aheadMs) {
      marks.arrived(partition)
      return 'ahead'
    }
    const before = marks.newest(partition)
    marks.arrived(partition, timeMs)
    const start = startOf(timeMs)
    const end = start + sizeMs
    const isLate = before !== undefined && end <= before - latenessMs
    if (isLate || (closedUntil !== null && end <= closedUntil)) return 'late'
    const window: OpenWindow = open.get(start) ?? { firsts: new Map(), groups: new Map() }
    open.set(start, window)
    if (!window.firsts.has(partition)) {
      window.firsts.set(partition, { offset: row.offset, carry: before ?? null })
    }
    addRow(window, row)
    return undefined
  }

  return {
    due,
    restore(base) {
      closedUntil = base.closedUntil
      for (const { partition, carry } of base.origins) marks.restore(partition, carry ?? undefined)
    },
    fold(records: readonly LogRecord[]) {
      const { rows, invalid } = rowsOf(records)
      const drops = { late: 0, ahead: 0, invalid }
      for (const row of rows) {
        const reason = take(row)
        if (reason) drops[reason] += 1
      }
      return drops
    },
    whatIsDue() {
      const watermark = marks.watermarkMs()
      if (watermark === undefined) return undefined
      const until = startOf(watermark)
      if (closedUntil !== null && until <= closedUntil) return undefined
      const hasRecords = [...open.keys()].some((start) => start + sizeMs <= until)
      const hasEmpty = spec.empty === 'zero' && closedUntil !== null
      return hasRecords || hasEmpty ? { until } : undefined
    },
    results({ until }): Results {
      const records = startsToGive(options, open, closedUntil, until).flatMap((start) =>
        resultsOf(open.get(start)).map((group) => resultRecord(options, start, group)),
      )
      return { records, letters: [] }
    },
    baseAfter({ until }, positions): Base {
      const rest = [...open].filter(([start]) => start + sizeMs > until).map(([, window]) => window)
      const origins = [...positions].map(([partition, position]) => {
        const firsts = rest.flatMap(({ firsts }) => firsts.get(partition) ?? [])
        const first = firsts.toSorted((a, b) => a.offset - b.offset)[0]
        return {
          partition,
          ...(first ?? { offset: position, carry: marks.newest(partition) ?? null }),
        }
      })
      return { origins, closedUntil: until }
    },
    settle({ until }) {
      closedUntil = until
      for (const start of open.keys()) if (start + sizeMs <= until) open.delete(start)
    },
    look: (ends, positions) => marks.look(ends, positions),
    facts() {
      const watermark = marks.watermarkMs()
      return {
        openWindows: open.size,
        ...(watermark !== undefined && { watermark: new Date(watermark).toISOString() }),
        ...(closedUntil !== null && { closedUntil: new Date(closedUntil).toISOString() }),
      }
    },
  }
}

/**
 * Starts of the windows to give out, ascending; with `empty: 'zero'` also those without a record, from the newest that was
 * closed, or the first with a record, to `until`.
 */
function startsToGive(
  { name, spec, logger }: Pick<WindowOperatorOptions, 'name' | 'spec' | 'logger'>,
  open: ReadonlyMap<number, OpenWindow>,
  closedUntil: number | null,
  until: number,
): number[] {
  const { sizeMs } = spec
  const withRecords = [...open.keys()]
    .filter((start) => start + sizeMs <= until)
    .toSorted((a, b) => a - b)
  if (spec.empty === 'none') return withRecords
  const starts: number[] = []
  let next = closedUntil ?? withRecords[0] ?? until
  for (const start of [...withRecords, until]) {
    const missing = (start - next) / sizeMs
    if (missing > MOST_EMPTY) {
      logger.warn(
        { stream: name, from: next, to: start, windows: missing },
        `no result is given for ${missing} windows without a record, more than ${MOST_EMPTY} in a row`,
      )
      next = start
    }
    for (; next < start; next += sizeMs) starts.push(next)
    if (start < until) starts.push(start)
    next = start + sizeMs
  }
  return starts
}
