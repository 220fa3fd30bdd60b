/**
 * Names and paths of a table's folder, in one place. Files sort by (partition, first offset) within a topic because
 * offsets are padded to twenty digits, the width of 2^64.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'

const OFFSET_DIGITS = 20
const GENERATION_DIGITS = 6
/** A file name may have 255 bytes; the rest of ours needs at most 60. */
const TOPIC_CHARACTERS = 180

export interface TableLayout {
  readonly dir: string
  readonly manifestDir: string
  readonly generationsDir: string
  /** Files being written. Emptied at every open. */
  readonly tempDir: string
  /** Link to the generation that a plain listing shows. */
  readonly current: string
  generation(number: number): string
  manifest(version: number): string
}

export const tableLayout = (lakeDir: string, table: string): TableLayout =>
  layoutAt(join(lakeDir, folderName(table)))

/** Of a table's own folder. */
export function layoutAt(dir: string): TableLayout {
  const manifestDir = join(dir, 'manifest')
  const generationsDir = join(dir, 'generations')
  return {
    dir,
    manifestDir,
    generationsDir,
    tempDir: join(dir, 'temp'),
    current: join(dir, 'current'),
    generation: (number) => join(generationsDir, generationName(number)),
    manifest: (version) => join(manifestDir, recordName(version)),
  }
}

export const recordName = (version: number): string => `${pad(version, OFFSET_DIGITS)}.json`
export const generationName = (number: number): string => pad(number, GENERATION_DIGITS)

export interface FileRange {
  readonly topic: string
  readonly partition: number
  readonly first: number
  readonly last: number
}

/** `ratings-0-00000000000000000000-00000000000000000999.parquet` */
export function fileName(range: FileRange): string {
  const offsets = [range.first, range.last].map((offset) => pad(offset, OFFSET_DIGITS))
  return `${folderName(range.topic)}-${range.partition}-${offsets.join('-')}.parquet`
}

/** Partition and offsets of a data file's name, undefined for any other name. */
export function parseFileName(name: string): Omit<FileRange, 'topic'> | undefined {
  const match = /^.+-(\d+)-(\d{20})-(\d{20})\.parquet$/.exec(name)
  if (!match) return undefined
  const [partition, first, last] = match.slice(1).map(Number)
  return { partition: partition!, first: first!, last: last! }
}

/** Topic names are safe as folder names except for a leading dot and for their greatest length. */
function folderName(name: string): string {
  const visible = name.startsWith('.') ? `%2E${name.slice(1)}` : name
  if (visible.length <= TOPIC_CHARACTERS) return visible
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `${visible.slice(0, TOPIC_CHARACTERS - 17)}~${digest}`
}

const pad = (number: number, digits: number): string => String(number).padStart(digits, '0')
