/** The lake against the real thing: a full disk, a process that is killed, DuckDB's sandbox as a reader. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compiledEntry, silentLogger, systemClock } from '../core/index.ts'
import { openSandbox } from '../sql/index.ts'
import { commitSeams, compactionSeams } from './failpoint.ts'
import { openLake, sandboxView } from './index.ts'
import {
  assertPrefix,
  batchOf,
  range,
  readListing,
  spec,
  tenRows,
  twoParts,
} from './lake-world.conformance.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lake-storage-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const open = (folder: string) => openLake({ dir: folder, clock: systemClock, logger: silentLogger })

const reader = {
  async readRows(path: string) {
    const file = await asyncBufferFromFile(path)
    const rows = await parquetReadObjects({ file, compressors })
    return rows.map((row) => ({
      partition: Number(row['_partition']),
      offset: Number(row['_offset']),
      n: Number(row['n']),
    }))
  },
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0

describe('a full disk', () => {
  it.runIf(canMount)(
    'is told, loses nothing, and writing goes on when there is space',
    async () => {
      const disk = join(dir, 'disk')
      mkdirSync(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk])
      try {
        const lake = await open(disk)
        const table = await lake.openTable(spec)
        await table.commit(tenRows(1, table))
        const filler = join(disk, 'filler')
        let fill = 256 * 1024
        for (; fill > 4_096; fill -= 4_096) {
          try {
            writeFileSync(filler, Buffer.alloc(fill))
            break
          } catch {
            // Too much still.
          }
        }
        const big = batchOf(2, [range(0, 10, 20_009)], table)
        for (let attempt = 0; attempt < 3; attempt++) {
          await expect(table.commit(big)).rejects.toMatchObject({
            code: 'LAKE_STORAGE_FULL',
            retryable: true,
          })
          expect(assertPrefix(await readListing(reader, disk))).toEqual({ 0: 10 })
        }
        await rm(filler)
        await table.commit(big)
        expect(assertPrefix(await readListing(reader, disk))).toEqual({ 0: 20_010 })
        expect(await table.verify()).toEqual([])
        await lake.close()
      } finally {
        execFileSync('umount', [disk])
      }
    },
  )
})

/** Commits batches, compacts every third, and kills itself at the n-th time that it comes to the seam. */
const CHILD = (entry: string, core: string, world: string) => `
  const [folder, seam, time] = process.argv.slice(1)
  const { openLake } = await import(${JSON.stringify(entry)})
  const { systemClock, silentLogger } = await import(${JSON.stringify(core)})
  const { spec, twoParts } = await import(${JSON.stringify(world)})
  let times = 0
  const failpoint = (name) => { if (name === seam && ++times === Number(time)) process.kill(process.pid, 'SIGKILL') }
  const lake = await openLake({ dir: folder, clock: systemClock, logger: silentLogger, failpoint })
  const table = await lake.openTable(spec)
  for (let number = table.snapshot().lastBatch + 1; number <= 9; number++) {
    await table.commit(twoParts(number, table))
    if (number % 3 === 0) await table.compact()
  }
  await lake.close()`

function runChild(folder: string, seam: string, time: number): Promise<string> {
  const [entry, core, world] = [
    compiledEntry(import.meta.url, 'index.js'),
    compiledEntry(import.meta.url, '../core/index.js'),
    compiledEntry(import.meta.url, 'lake-world.conformance.js'),
  ]
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', CHILD(entry, core, world), folder, seam, String(time)],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? String(code)))
  })
}

describe('a killed process', () => {
  const seams = [...new Set([...commitSeams, ...compactionSeams])]
  it('at every seam in turn: nothing is lost, nothing is there twice', async () => {
    for (const [index, seam] of seams.entries()) {
      const end = await runChild(dir, seam, (index % 2) + 1)
      expect(['SIGKILL', '0']).toContain(end)
      assertPrefix(await readListing(reader, dir))
    }
    expect(await runChild(dir, 'none', 1)).toBe('0')
    expect(assertPrefix(await readListing(reader, dir))).toEqual({ 0: 90, 1: 45 })
    const lake = await open(dir)
    const table = await lake.openTable(spec)
    expect(table.snapshot().lastBatch).toBe(9)
    expect(await table.verify()).toEqual([])
    await lake.close()
  })
})

describe('a user’s SQL', () => {
  it('sees history and tail as one table, before and after a compaction', async () => {
    const folder = join(dir, 'lake')
    const lake = await open(folder)
    const sandbox = await openSandbox({ dir: folder })
    const table = await lake.openTable(spec)
    for (let number = 1; number <= 3; number++) await table.commit(twoParts(number, table))
    const tail = join(dir, 'tail.parquet')
    await lake.writeRows(tail, table.columns, tenRows(4, table).rows)
    const count = async (view: ReturnType<typeof sandboxView>) => {
      const { rows } = await sandbox.run({
        sql: 'SELECT count(*), count(DISTINCT (_partition, _offset)), max(_timestamp) FROM events',
        views: [view],
        maxRows: 10,
        maxBytes: 10_000,
        timeoutMs: 10_000,
      })
      return rows[0]
    }
    const before = sandboxView(table.snapshot(), [tail])
    const answer = [55, 55, '2023-11-14T22:30:00.014Z']
    expect(await count(before)).toEqual(answer)
    await table.compact()
    expect(await count(before)).toEqual(answer)
    expect(await count(sandboxView(table.snapshot(), [tail]))).toEqual(answer)
    expect(before.files.length).toBe(7)
    await sandbox.close()
    await lake.close()
  })
})
