/**
 * What a data file says about itself, in its Parquet metadata under the key `millrace`. With it and the file names a table
 * is rebuilt when its whole manifest is lost. Nothing in it depends on time or place: the bytes stay reproducible.
 */
import type { Column, OffsetRange } from '../core/index.ts'
import type { PartitionColumn } from './lake.ts'
import type { FileFacts } from './parquet-writer.ts'

export const FACTS_KEY = 'millrace'

export interface DataFileFacts {
  readonly topic: string
  readonly batches: readonly [first: number, last: number]
  readonly columns: readonly Column[]
  /** Ranges of the whole batch: the batch is complete when a file is there for each. Absent in merged files. */
  readonly ranges?: readonly OffsetRange[]
  /** Absent in a table without partition columns, like `files`. */
  readonly partitionBy?: readonly PartitionColumn[]
  /** Each batch of the file and how many files it was written as. */
  readonly files?: readonly (readonly [batch: number, files: number])[]
  /** The table before the file's first batch. Absent in files of older versions. */
  readonly before?: TableBefore
}

export interface TableBefore {
  /** Rows that were ever committed, those that retention took away as well. */
  readonly rows: number
  /** Partition and the offset after its last committed one. */
  readonly ends: readonly (readonly [partition: number, end: number])[]
}

export function factsOf(facts: DataFileFacts): FileFacts {
  const { topic, batches, columns, ranges, partitionBy, files, before } = facts
  return {
    [FACTS_KEY]: JSON.stringify({
      format: 1,
      topic,
      batches,
      columns: columns.map(({ name, type, nullable }) => ({ name, type, nullable })),
      ranges: ranges?.map(({ partition, first, last }) => ({ partition, first, last })),
      partitionBy: partitionBy?.map(({ name, from, unit }) => ({ name, from, unit })),
      files,
      before,
    }),
  }
}
