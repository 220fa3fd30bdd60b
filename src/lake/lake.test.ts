import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, describe, it } from 'vitest'
import { silentLogger } from '../core/index.ts'
import { createManualClock } from '../testing/index.ts'
import { openLake } from './open-lake.ts'
import { lakeConformance } from './lake.conformance.ts'

const dirs: string[] = []

afterAll(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true })
})

const checks = lakeConformance({
  async makeDir() {
    const dir = await mkdtemp(join(tmpdir(), 'lake-'))
    dirs.push(dir)
    return dir
  },
  makeClock: () => createManualClock(),
  open: (options) => openLake({ logger: silentLogger, ...options }),
  async readRows(path) {
    const file = await asyncBufferFromFile(path)
    const rows = await parquetReadObjects({ file, compressors })
    return rows.map((row) => ({
      partition: Number(row['_partition']),
      offset: Number(row['_offset']),
      n: Number(row['n']),
    }))
  },
})

describe('lake conformance', () => {
  for (const check of checks) it(`${check.guarantee}: ${check.name}`, check.run)
})
