export * from './batch.ts'
export { FAILPOINTS, type Failpoint } from './batch-writer.ts'
export { openTableSink, type TableSinkOptions } from './table-sink.ts'
