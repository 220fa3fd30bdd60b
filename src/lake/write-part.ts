/** One part of a batch as one durable file with its final name and digest. */
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, OffsetRange } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import type { BatchPart } from './batch-parts.ts'
import { makeFolderOf } from './data-folders.ts'
import { digestFile, sealFile, syncFile } from './durable-files.ts'
import type { Failpoint } from './failpoint.ts'
import { factsOf, type TableBefore } from './file-facts.ts'
import type { LakeFile, PartitionColumn } from './lake.ts'
import { fileName, type TableLayout } from './layout.ts'
import { sizeOf } from './parquet-writer.ts'

export interface PartTarget {
  readonly layout: TableLayout
  readonly engine: SqlEngine
  readonly topic: string
  readonly generation: number
  readonly batch: number
  /** Of the whole batch. */
  readonly ranges: readonly OffsetRange[]
  readonly partitionBy: readonly PartitionColumn[]
  /** Files of the whole batch. */
  readonly files: number
  readonly before: TableBefore
  readonly clock: Clock
  readonly failpoint: Failpoint | undefined
}

/** The folder of the file, and the one that it was made in, are not synced yet when this resolves. */
export async function writePart(part: BatchPart, target: PartTarget): Promise<LakeFile> {
  const { layout, failpoint } = target
  const { partition, first, last } = part
  const name = partName(part, target.topic)
  const folder = layout.generation(target.generation)
  // A batch is written by one at a time, so one name is enough for all of its files.
  const temp = join(layout.tempDir, fileName({ topic: target.topic, partition, first, last }))
  const batches = [target.batch, target.batch] as const
  await (await open(temp, 'w', 0o644)).close()
  await failpoint?.('temp-opened')
  const facts = factsOf({
    topic: target.topic,
    batches,
    columns: part.source.columns,
    ranges: target.ranges,
    before: target.before,
    ...(part.folder !== '' && {
      partitionBy: target.partitionBy,
      files: [[target.batch, target.files]],
    }),
  })
  await part.source.writeTo(target.engine, temp, facts)
  await failpoint?.('rows-written')
  await sealFile(temp)
  await syncFile(temp)
  await failpoint?.('temp-synced')
  const sha256 = await digestFile(temp)
  const bytes = await sizeOf(temp)
  if (part.folder !== '') {
    await makeFolderOf(folder, name)
    await failpoint?.('folder-made')
  }
  await rename(temp, join(folder, name))
  await failpoint?.('renamed')
  // Records may bear times of the future, by which they would never grow old.
  const now = target.clock.now()
  const newest = Math.min(part.source.newest ?? now, now)
  const columnCount = part.source.columns.length
  const rows = part.source.length
  return { name, partition, first, last, rows, bytes, sha256, batches, columnCount, newest }
}

/** Name of the part's file below the generation's folder. */
export function partName({ folder, partition, first, last }: BatchPart, topic: string): string {
  const name = fileName({ topic, partition, first, last })
  return folder === '' ? name : `${folder}/${name}`
}
