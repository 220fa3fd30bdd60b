/** The same records for both sides: 100 bytes, as many as `MILLRACE_BENCH_RECORDS` says, five million by default. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NewRecord } from '../src/core/index.ts'
import { openLog, type Log } from '../src/log/index.ts'

export const RECORDS = Number(process.env['MILLRACE_BENCH_RECORDS'] ?? 5_000_000)
export const RECORD_BYTES = 100
/** Records of one append; a client that sends bulk does the same. */
const APPEND_RECORDS = 1_000
/** Appends under way at once: fifty thousand records wait, as on the peer's side. */
const IN_FLIGHT = 50

export const VALUE = new Uint8Array(RECORD_BYTES).map((_, index) => 32 + (index % 90))

export interface Workplace {
  readonly dir: string
  close(): Promise<void>
}

/** On the disk of the checkout, not on a RAM-backed /tmp: a sync must cost what it costs. */
export async function makeWorkplace(): Promise<Workplace> {
  const root = fileURLToPath(new URL('../.bench/', import.meta.url))
  await mkdir(root, { recursive: true })
  const dir = await mkdtemp(join(root, 'work-'))
  return { dir, close: () => rm(dir, { recursive: true, force: true }) }
}

/** Every record acknowledged after its sync; at most `IN_FLIGHT` appends wait. */
export async function fillLog(log: Log, topic: string, records = RECORDS): Promise<void> {
  const batch: NewRecord[] = Array.from({ length: APPEND_RECORDS }, () => ({
    key: null,
    value: VALUE,
    headers: [],
    timestamp: 1_600_000_000_000,
  }))
  const waiting = new Set<Promise<unknown>>()
  for (let sent = 0; sent < records; sent += APPEND_RECORDS) {
    if (waiting.size >= IN_FLIGHT) await Promise.race(waiting)
    const append = log.append(topic, batch).finally(() => waiting.delete(append))
    waiting.add(append)
  }
  await Promise.all(waiting)
}

/** Opens a log in `dir`, fills it and closes it; seconds from the first append to the last acknowledgement. */
export async function timeFilling(dir: string, partitions = 1): Promise<number> {
  const log = await openBenchLog(dir, partitions)
  const began = performance.now()
  await fillLog(log, 'bench')
  const seconds = (performance.now() - began) / 1_000
  await log.close()
  return seconds
}

export async function openBenchLog(dir: string, partitions = 1): Promise<Log> {
  const log = await openLog({ dir, cleanIntervalMs: 0 })
  await log.createTopic({ name: 'bench', partitions })
  return log
}

export async function packageVersions(...names: string[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = { node: process.version }
  for (const name of names) {
    const path = fileURLToPath(
      new URL(`../.bench/node_modules/${name}/package.json`, import.meta.url),
    )
    versions[name] = (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version
  }
  return versions
}
