/** Opens a windowed aggregation on the embedded engine. */
import type { Column } from '../../core/index.ts'
import type { DerivedStream } from '../derived/derived-stream.ts'
import { openDerivedStream, type DerivedStreamOptions } from '../derived/open-derived-stream.ts'
import { silentLogger } from '../../core/index.ts'
import type { WindowSpec } from './window.ts'
import { createWindowOperator, type WindowDue } from './window-operator.ts'

export interface WindowOptions extends Omit<DerivedStreamOptions<WindowDue>, 'operator'> {
  readonly spec: WindowSpec
  /** The source's columns, without those that the lake adds. */
  readonly columns: readonly Column[]
}

/** Both topics are there; results go into partition 0 of `to`. Throws what `openDerivedStream` throws. */
export async function openWindow(options: WindowOptions): Promise<DerivedStream> {
  const { partitions } = await options.log.topic(options.from)
  const operator = createWindowOperator({
    ...options,
    logger: options.logger ?? silentLogger,
    partitions: partitions.map(({ partition }) => partition),
  })
  return openDerivedStream({ ...options, operator })
}
