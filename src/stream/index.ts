export * from './batch.ts'
export { FAILPOINTS, type Failpoint } from './batch-writer.ts'
export { openTableSink, type TableSinkOptions } from './table-sink.ts'
export type { DerivedStream, DropReason, StreamProgress } from './derived/derived-stream.ts'
export { openUnnest } from './unnest/open-unnest.ts'
export { unnestShape, type UnnestSpec } from './unnest/unnest-shape.ts'
export { openWindow } from './windows/open-window.ts'
export {
  WINDOW_COLUMNS,
  type AggregateSpec,
  type ValueOf,
  type WindowSpec,
} from './windows/window.ts'
