/**
 * Opens a partition's folder after anything: an orderly close, a killed process, a power cut at any byte.
 *
 * 1. A replacement of segments that had begun (compaction) is finished, and temporary files go.
 * 2. The file names give the segments; each ends where the next begins. Only the last one is read; the others say whose
 *    they are when they are first used.
 * 3. The last one is scanned: valid batches stay, a torn tail is cut, a hole (damage with valid batches behind it) stays
 *    and is told.
 * 4. The last batch is written once more, in its place, and synced before anyone may read it: the process that wrote it
 *    may have died before it could sync, and a reader must not see what a power cut can still take. A sync alone would not
 *    do: after one that failed the page counts as clean, and the next one succeeds without storing it.
 *
 * The last batch of a file cannot tell whether it was torn or damaged later. An orderly close therefore writes down where
 * the partition ended (`CleanEnd`); when the scan then finds less, it is damage, and nothing is cut.
 *
 * A last segment that is somebody else's file is left alone. After an orderly close the partition goes on behind its known
 * end. Without one nobody knows which offsets were given, so the partition is `broken`: it refuses what comes behind the
 * sealed segments, until the right file is back. So is one whose header is damaged beyond knowing.
 *
 * Where the last valid batch is followed by bytes without a header, in which there are whole batches that lead nowhere, two
 * things can have happened: a torn batch whose values hold batches, or a batch that was acknowledged, was damaged, and lies
 * before others and a torn one. So nothing there is served, nothing is cut, and none of its offsets is given again.
 */
import { join } from 'node:path'
import type { MillraceError } from '../../../../core/index.ts'
import { finishReplacement } from './replacement.ts'
import { baseOfName, Segment, type SegmentPlace } from './segment.ts'
import { scanSegment, type SegmentScan } from './segment-scan.ts'
import { SparseIndex } from '../format/sparse-index.ts'
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../format/segment-header.ts'
import { readFully, writeFully, type StorageFile } from '../storage.ts'

/** A file of somebody else that lay where an empty segment of ours belongs. */
const MISPLACED_SUFFIX = '.misplaced'

export interface CleanEnd {
  /** Base offset of the last segment. */
  readonly base: number
  readonly sizeBytes: number
  readonly endOffset: number
}

export interface Recovered {
  /** At least one, ascending; the last one has its index in memory. */
  readonly segments: Segment[]
  /** Why nothing is known from the end of the segments on. */
  readonly broken?: MillraceError
}

export async function recoverPartition(
  options: SegmentPlace,
  cleanEnd?: CleanEnd,
): Promise<Recovered> {
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
  const last = await openLast(options, base, known)
  return { ...last, segments: [...segments, ...last.segments] }
}

async function createSegment(options: SegmentPlace, base: number): Promise<number> {
  const { segment } = await Segment.create(options, base)
  await segment.closeWriter()
  await options.storage.syncDir(options.folder)
  return base
}

async function openSealed(
  options: SegmentPlace,
  base: number,
  endOffset: number,
): Promise<Segment> {
  const segment = new Segment(options, base, { sizeBytes: 0, endOffset })
  const file = await options.storage.open(segment.path, 'read')
  try {
    segment.sizeBytes = await file.size()
  } finally {
    await file.close()
  }
  return segment
}

async function openLast(
  options: SegmentPlace,
  base: number,
  cleanEnd: CleanEnd | undefined,
): Promise<Recovered> {
  const unread = new Segment(options, base, { sizeBytes: 0, endOffset: base })
  const file = await options.storage.open(unread.path, 'write')
  try {
    const fileBytes = await file.size()
    const beginning = await unread.judge(file)
    if (beginning.kind === 'foreign') return await passBy(options, unread, beginning, cleanEnd)
    const { start } = beginning
    const scan = await scanSegment(file, { start, base, fileBytes })
    report(options, unread.path, scan)
    if (beginning.kind === 'damaged' && scan.endOffset > base) unread.tellDamagedHeader()
    if (cleanEnd !== undefined && scan.endOffset < cleanEnd.endOffset) {
      const { endOffset } = cleanEnd
      const damaged = new Segment(options, base, { start, sizeBytes: fileBytes, endOffset })
      return goOnBehind(options, damaged)
    }
    if (scan.unsureUpTo !== undefined) {
      tellUnsure(options, unread.path, scan, scan.unsureUpTo)
      const endOffset = scan.unsureUpTo
      return goOnBehind(
        options,
        new Segment(options, base, { start, sizeBytes: fileBytes, endOffset }),
      )
    }
    if (scan.endOffset === base && beginning.kind === 'damaged') {
      tellLostHeader(options, unread.path, base)
    }
    tellTail(options, unread.path, scan, fileBytes)
    if (scan.endOffset === base) return { segments: [await beginAnew(options, file, base)] }
    await cutTail(file, scan, fileBytes)
    return { segments: [new Segment(options, base, { start, ...scan })] }
  } finally {
    await file.close()
  }
}

/** The last segment's file is somebody else's: nothing of it is changed. */
async function passBy(
  options: SegmentPlace,
  segment: Segment,
  { what }: { readonly what: string },
  cleanEnd: CleanEnd | undefined,
): Promise<Recovered> {
  const { storage, folder, logger } = options
  const { base, path } = segment
  const error = segment.misplaced(what, cleanEnd?.endOffset)
  logger.error({ err: error }, 'the last segment of a partition is not its own')
  if (cleanEnd === undefined) {
    const index = new SparseIndex()
    const state = { start: 0, sizeBytes: 0, endOffset: base, index }
    const nothing = new Segment(options, base, state)
    return { segments: [nothing], broken: error }
  }
  if (cleanEnd.endOffset === base) {
    // Ours was empty, so nothing is missing: the file makes room.
    await storage.rename(path, path + MISPLACED_SUFFIX)
    await storage.syncDir(folder)
    await createSegment(options, base)
    return openLast(options, base, undefined)
  }
  const { sizeBytes, endOffset } = cleanEnd
  return goOnBehind(options, new Segment(options, base, { sizeBytes, endOffset }))
}

/** A segment that is not whole is sealed as it is, and another one begun where it ended. */
async function goOnBehind(options: SegmentPlace, damaged: Segment): Promise<Recovered> {
  const base = await createSegment(options, damaged.endOffset)
  const state = { start: SEGMENT_HEADER_BYTES, sizeBytes: SEGMENT_HEADER_BYTES, endOffset: base }
  const next = new Segment(options, base, { ...state, index: new SparseIndex() })
  return { segments: [damaged, next] }
}

function tellTail(
  { logger, topic, partition }: SegmentPlace,
  file: string,
  { sizeBytes, endOffset }: SegmentScan,
  fileBytes: number,
): void {
  if (fileBytes <= sizeBytes) return
  const place = { topic, partition, file, position: sizeBytes, bytes: fileBytes - sizeBytes }
  const what = 'cut a torn tail: never acknowledged, unless the disk damaged what it had stored'
  logger.warn({ ...place, offset: endOffset }, what)
}

function tellUnsure(
  { logger, topic, partition }: SegmentPlace,
  file: string,
  { sizeBytes, endOffset }: SegmentScan,
  nextOffset: number,
): void {
  const place = { topic, partition, file, position: sizeBytes, offset: endOffset, nextOffset }
  const what =
    'a damaged batch lies before a torn tail: what is behind it cannot be told from bytes within it, so it is kept and not served'
  logger.error(place, what)
}

function tellLostHeader(
  { logger, topic, partition }: SegmentPlace,
  file: string,
  base: number,
): void {
  const what =
    'the header of a segment without records was torn or damaged: begun anew; never used, unless the disk damaged or exchanged it'
  logger.warn({ topic, partition, file, position: 0, offset: base }, what)
}

/** A segment without a batch gets its header again: the one there may be torn, or of nobody. */
async function beginAnew(place: SegmentPlace, file: StorageFile, base: number): Promise<Segment> {
  await file.truncate(0)
  const { topicId, partition } = place
  await writeFully(file, encodeSegmentHeader({ topicId, partition, base }), 0)
  await file.datasync()
  const state = { start: SEGMENT_HEADER_BYTES, sizeBytes: SEGMENT_HEADER_BYTES, endOffset: base }
  return new Segment(place, base, { ...state, index: new SparseIndex() })
}

async function cutTail(
  file: StorageFile,
  { sizeBytes, lastPosition }: SegmentScan,
  fileBytes: number,
): Promise<void> {
  if (fileBytes > sizeBytes) await file.truncate(sizeBytes)
  const last = new Uint8Array(sizeBytes - lastPosition)
  const count = await readFully(file, last, lastPosition)
  await writeFully(file, last.subarray(0, count), lastPosition)
  await file.datasync()
}

function report({ logger, topic, partition }: SegmentPlace, path: string, scan: SegmentScan): void {
  for (const hole of scan.holes) {
    logger.error({ topic, partition, file: path, ...hole }, 'damage in the middle of a segment')
  }
}

export const partitionFolder = (topicFolder: string, partition: number): string =>
  join(topicFolder, String(partition))
