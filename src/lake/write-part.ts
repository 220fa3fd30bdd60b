/** One part of a batch as one durable file with its final name and digest. */
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { OffsetRange } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import type { BatchPart } from './batch-parts.ts'
import { digestFile, sealFile, syncFile } from './durable-files.ts'
import type { Failpoint } from './failpoint.ts'
import { factsOf } from './file-facts.ts'
import type { LakeFile } from './lake.ts'
import { fileName, type TableLayout } from './layout.ts'
import { sizeOf, writeRowsTo } from './parquet-writer.ts'

export interface PartTarget {
  readonly layout: TableLayout
  readonly engine: SqlEngine
  readonly topic: string
  readonly generation: number
  readonly batch: number
  /** Of the whole batch. */
  readonly ranges: readonly OffsetRange[]
  readonly failpoint: Failpoint | undefined
}

/** The generation's folder is not synced yet when this resolves. */
export async function writePart(part: BatchPart, target: PartTarget): Promise<LakeFile> {
  const { layout, failpoint } = target
  const { partition, first, last } = part
  const name = fileName({ topic: target.topic, partition, first, last })
  const temp = join(layout.tempDir, name)
  const batches = [target.batch, target.batch] as const
  await (await open(temp, 'w', 0o644)).close()
  await failpoint?.('temp-opened')
  const facts = factsOf({
    topic: target.topic,
    batches,
    columns: part.rows.columns,
    ranges: target.ranges,
  })
  await writeRowsTo(target.engine, temp, part.rows, facts)
  await failpoint?.('rows-written')
  await sealFile(temp)
  await syncFile(temp)
  await failpoint?.('temp-synced')
  const sha256 = await digestFile(temp)
  const bytes = await sizeOf(temp)
  await rename(temp, join(layout.generation(target.generation), name))
  await failpoint?.('renamed')
  return { name, partition, first, last, rows: part.rows.length, bytes, sha256, batches }
}
