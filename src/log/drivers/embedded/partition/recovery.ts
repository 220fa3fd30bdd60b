/**
 * Opens a partition's folder after anything: an orderly close, a killed process, a power cut at any byte.
 *
 * 1. A replacement of segments that had begun (compaction) is finished, and temporary files go.
 * 2. The file names give the segments; each ends where the next begins. Only the last one is read.
 * 3. The last one is scanned: valid batches stay, a torn tail is cut, a hole (damage with valid batches behind it) stays
 *    and is told.
 * 4. The last batch is written once more, in its place, and synced before anyone may read it: the process that wrote it
 *    may have died before it could sync, and a reader must not see what a power cut can still take. A sync alone would not
 *    do: after one that failed the page counts as clean, and the next one succeeds without storing it.
 *
 * The last batch of a file cannot tell whether it was torn or damaged later. An orderly close therefore writes down where
 * the partition ended (`CleanEnd`); when the scan then finds less, it is damage, and nothing is cut.
 */
import { join } from 'node:path'
import type { Logger } from '../../../../core/index.ts'
import { finishReplacement } from './replacement.ts'
import { baseOfName, Segment } from './segment.ts'
import { scanSegment, type SegmentScan } from './segment-scan.ts'
import { SparseIndex } from '../format/sparse-index.ts'
import { readFully, writeFully, type Storage, type StorageFile } from '../storage.ts'

export interface CleanEnd {
  /** Base offset of the last segment. */
  readonly base: number
  readonly sizeBytes: number
  readonly endOffset: number
}

export interface RecoveryOptions {
  readonly storage: Storage
  readonly logger: Logger
  readonly folder: string
  readonly topic: string
  readonly partition: number
}

/** The partition's segments, at least one, ascending; the last one has its index in memory. */
export async function recoverPartition(
  options: RecoveryOptions,
  cleanEnd?: CleanEnd,
): Promise<Segment[]> {
  const { storage, folder } = options
  await storage.makeDir(folder)
  await finishReplacement(storage, folder)
  const bases = (await storage.list(folder))
    .map(baseOfName)
    .filter((base) => base !== undefined)
    .toSorted((a, b) => a - b)
  if (bases.length === 0) bases.push(await createSegment(options, cleanEnd?.endOffset ?? 0))
  if (cleanEnd !== undefined && bases.at(-1)! < cleanEnd.base) {
    options.logger.error({ folder, ...cleanEnd }, 'the last segment is missing')
    bases.push(await createSegment(options, cleanEnd.endOffset))
  }
  // A name may be there and not be durable: its maker was stopped, or failed, before it had synced the folder.
  if (cleanEnd?.base !== bases.at(-1)) await storage.syncDir(folder)
  const segments: Segment[] = []
  for (const [at, base] of bases.slice(0, -1).entries()) {
    segments.push(await openSealed(options, base, bases[at + 1]!))
  }
  const base = bases.at(-1)!
  const known = cleanEnd?.base === base ? cleanEnd : undefined
  return [...segments, ...(await openLast(options, base, known))]
}

async function createSegment({ storage, folder }: RecoveryOptions, base: number): Promise<number> {
  const segment = new Segment(storage, folder, base, { sizeBytes: 0, endOffset: base })
  const file = await storage.open(segment.path, 'create')
  await file.close()
  await storage.syncDir(folder)
  return base
}

async function openSealed(
  { storage, folder }: RecoveryOptions,
  base: number,
  endOffset: number,
): Promise<Segment> {
  const probe = new Segment(storage, folder, base, { sizeBytes: 0, endOffset })
  const sizeBytes = await probe.use((file) => file.size())
  return new Segment(storage, folder, base, { sizeBytes, endOffset })
}

async function openLast(
  options: RecoveryOptions,
  base: number,
  cleanEnd: CleanEnd | undefined,
): Promise<Segment[]> {
  const { storage, folder } = options
  const path = new Segment(storage, folder, base, { sizeBytes: 0, endOffset: base }).path
  const file = await storage.open(path, 'write')
  try {
    const fileBytes = await file.size()
    const scan = await scanSegment(file, { base, fileBytes })
    report(options, path, scan)
    if (cleanEnd !== undefined && scan.endOffset < cleanEnd.endOffset) {
      const { endOffset } = cleanEnd
      const damaged = new Segment(storage, folder, base, { sizeBytes: fileBytes, endOffset })
      await createSegment(options, endOffset)
      const index = new SparseIndex()
      const next = new Segment(storage, folder, endOffset, { sizeBytes: 0, endOffset, index })
      return [damaged, next]
    }
    await cutTail(options, file, path, scan, fileBytes)
    return [new Segment(storage, folder, base, scan)]
  } finally {
    await file.close()
  }
}

async function cutTail(
  { logger, topic, partition }: RecoveryOptions,
  file: StorageFile,
  path: string,
  { sizeBytes, lastPosition }: SegmentScan,
  fileBytes: number,
): Promise<void> {
  if (fileBytes > sizeBytes) {
    const facts = {
      topic,
      partition,
      file: path,
      position: sizeBytes,
      bytes: fileBytes - sizeBytes,
    }
    logger.info(facts, 'cut a torn tail, which was never acknowledged')
    await file.truncate(sizeBytes)
  }
  // Also when nothing is left: a cut that was never synced would bring an append back that was refused.
  const last = new Uint8Array(sizeBytes - lastPosition)
  const count = await readFully(file, last, lastPosition)
  await writeFully(file, last.subarray(0, count), lastPosition)
  await file.datasync()
}

function report(
  { logger, topic, partition }: RecoveryOptions,
  path: string,
  scan: SegmentScan,
): void {
  for (const hole of scan.holes) {
    logger.error({ topic, partition, file: path, ...hole }, 'damage in the middle of a segment')
  }
}

export const partitionFolder = (topicFolder: string, partition: number): string =>
  join(topicFolder, String(partition))
