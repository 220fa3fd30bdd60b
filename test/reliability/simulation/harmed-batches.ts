/** Which offsets were in the bytes that a disk spoiled, read from the file as it was before. */
import {
  BATCH_HEADER_BYTES,
  checksumHolds,
  readBatchHeader,
} from '../../../src/log/drivers/embedded/format/batch-header.ts'
import type { Harm } from '../../../src/testing/simulated-disk.ts'

export interface OffsetRun {
  readonly first: number
  readonly last: number
}

/** The batches that overlap the harmed bytes. What was no whole batch before, torn or damaged earlier, is stepped over. */
export function harmedBatches({ before, from, to }: Harm): readonly OffsetRun[] {
  const runs: OffsetRun[] = []
  for (let at = 0; at + BATCH_HEADER_BYTES <= before.length;) {
    const header = readBatchHeader(before, at)
    const isWhole =
      header !== undefined &&
      at + header.sizeBytes <= before.length &&
      checksumHolds(before, at, header.sizeBytes)
    if (!isWhole) {
      at++
      continue
    }
    const end = at + header.sizeBytes
    if (at < to && end > from) runs.push({ first: header.baseOffset, last: header.lastOffset })
    at = end
  }
  return runs
}
