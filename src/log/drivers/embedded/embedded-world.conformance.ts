/**
 * The embedded log as the suite's world: in a temporary folder, with crashes and damage.
 *
 * A crash is a copy of the folder at that moment, opened instead of the original: all that a killed process leaves, and
 * nothing that it would have done on its way out. A torn batch is put at the end of every partition, as if the last write
 * had been under way.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../../core/index.ts'
import type { Log } from '../../log.ts'
import type { LogWorld } from '../../log-world.conformance.ts'
import { openLog } from '../../open-log.ts'
import { batchSize, readBatchHeader } from './format/batch-header.ts'
import { SEGMENT_HEADER_BYTES } from './format/segment-header.ts'
import { topicFolder } from './folder/topic-folder.ts'

export interface EmbeddedWorldOptions {
  readonly clock: Clock & { advance(ms: number): void }
  /** Crash at every `settle`. */
  readonly crashes: boolean
}

export interface EmbeddedWorld extends LogWorld {
  /** Folder of the log; another one after a crash. */
  readonly dir: string
  crash(log: Log): Promise<Log>
}

export async function makeEmbeddedWorld(options: EmbeddedWorldOptions): Promise<EmbeddedWorld> {
  const { clock, crashes } = options
  const root = mkdtempSync(join(tmpdir(), 'millrace-log-'))
  const opened: Log[] = []
  let generation = 0
  const dir = (): string => join(root, String(generation))
  const open = async (): Promise<Log> => {
    const log = await openLog({ dir: dir(), clock, cleanIntervalMs: 0 })
    opened.push(log)
    return log
  }
  const crash = async (log: Log): Promise<Log> => {
    const before = dir()
    generation++
    cpSync(before, dir(), { recursive: true, filter: (path) => !/lock\.\d+$/.test(path) })
    for (const file of lastSegments(dir())) tear(file)
    await log.close()
    return open()
  }
  return {
    get dir() {
      return dir()
    },
    open,
    crash,
    settle: (log) => (crashes ? crash(log) : Promise.resolve(log)),
    async damage(log, topic, partition, offset) {
      await log.close()
      flipInRecord(join(dir(), 'topics', topicFolder(topic), String(partition)), offset)
      return open()
    },
    advance: (ms) => clock.advance(ms),
    now: () => clock.now(),
    async dispose() {
      await Promise.all(opened.map((log) => log.close()))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** The file that appends go to, of each partition under `dir`. */
export function lastSegments(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  const last = new Map<string, string>()
  for (const file of files.filter((name) => name.endsWith('.log')).toSorted()) {
    last.set(join(file, '..'), join(dir, file))
  }
  return [...last.values()]
}

/** Leaves the first half of a copy of the last batch behind the last batch. */
function tear(file: string): void {
  const bytes = readFileSync(file)
  const last = batchesOf(bytes).at(-1)
  if (last === undefined) return
  const torn = Buffer.from(bytes.subarray(last.at, last.at + Math.ceil(last.sizeBytes / 2)))
  torn.writeBigInt64BE(BigInt(last.lastOffset + 1))
  writeFileSync(file, Buffer.concat([bytes, torn]))
}

/** Flips one bit in the batch that holds `offset`, near its end, where the last record's value is. */
function flipInRecord(folder: string, offset: number): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.log'))) {
    const path = join(folder, name)
    const bytes = readFileSync(path)
    const batch = batchesOf(bytes).find(
      ({ baseOffset, lastOffset }) => baseOffset <= offset && offset <= lastOffset,
    )
    if (batch === undefined) continue
    bytes[batch.at + batch.sizeBytes - 2]! ^= 0x10
    writeFileSync(path, bytes)
    return
  }
  throw new RangeError(`no stored batch holds offset ${offset}`)
}

interface PlacedBatch {
  readonly at: number
  readonly sizeBytes: number
  readonly baseOffset: number
  readonly lastOffset: number
}

/** The batches of a segment, one behind the other. */
export function batchesOf(bytes: Uint8Array): PlacedBatch[] {
  const batches: PlacedBatch[] = []
  // The first byte of a header; a segment of format 1 begins with a batch.
  const start = bytes[0] === 0x89 ? SEGMENT_HEADER_BYTES : 0
  for (let at = start; at + 61 <= bytes.length; at += batchSize(bytes, at)) {
    const header = readBatchHeader(bytes, at)
    if (header === undefined || at + header.sizeBytes > bytes.length) break
    const { sizeBytes, baseOffset, lastOffset } = header
    batches.push({ at, sizeBytes, baseOffset, lastOffset })
  }
  return batches
}
