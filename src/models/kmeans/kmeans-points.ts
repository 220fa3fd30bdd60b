/** What the rows of k-means look like to the kernel, and the runs of them that it takes at once. */
import { availableParallelism } from 'node:os'
import type { Points, PointsShape } from '../../kernels/index.ts'
import type { Pacer } from '../pacer.ts'

/** Rows that a step of k-means++ may choose from. */
export const candidatesOf = (k: number): number => 2 + Math.floor(Math.log(k))

/** For k centroids; counted before anything is allocated. */
export const pointsShape = (rows: number, columns: number, k: number): PointsShape => ({
  rows,
  columns,
  centers: Math.max(k, candidatesOf(k)),
  threads: availableParallelism(),
})

/** The same where all rows are put to centroids again and again. */
export const boundedShape = (rows: number, columns: number, k: number): PointsShape => ({
  ...pointsShape(rows, columns, k),
  keepsBounds: true,
})

/** Multiply-adds between two looks at the signal: some milliseconds of the kernel, less than 100 of its plain twin. */
const WORK = 50_000_000
/** Multiply-adds of the kernel in the time of one of plain TypeScript. */
const TIMES_AS_FAST = 8

/**
 * All rows, span by span, taking turns off. `workOfRow`: multiply-adds. The spans depend on rows and work alone: sums that
 * are made span by span have the same bits on every machine.
 */
export async function eachSpan(
  { rows }: Pick<Points, 'rows'>,
  workOfRow: number,
  pacer: Pacer,
  run: (from: number, to: number) => void,
): Promise<void> {
  const span = Math.max(1_024, Math.floor(WORK / (workOfRow + 8)))
  for (let from = 0; from < rows; from += span) {
    const to = Math.min(rows, from + span)
    run(from, to)
    if (pacer.due((to - from) * (workOfRow / TIMES_AS_FAST + 8))) await pacer.rest()
  }
}
