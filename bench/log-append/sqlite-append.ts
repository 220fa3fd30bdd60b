import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from '../benchmark.ts'
import { makeWorkplace, RECORDS, timeFilling } from '../log-records.ts'

const program = fileURLToPath(new URL('sqlite_peer.py', import.meta.url))
/** Rows of a transaction: about what one sync of the log carries under load. */
const TRANSACTION = 10_000

const python = (args: readonly string[]): string => execFileSync('python3', args).toString().trim()

/** L1-sqlite: durable appends against rows in SQLite, write-ahead log, synchronous=FULL, ten thousand in a transaction. */
export const sqliteAppend: Benchmark = {
  id: 'L1-sqlite',
  question: 'How many durable 100-byte appends a second, against SQLite?',
  work: RECORDS,
  unit: 'records/s',
  floor: 2,
  async prepare() {
    const place = await makeWorkplace()
    let round = 0
    const folder = async (): Promise<string> => {
      const dir = join(place.dir, String(round++))
      await mkdir(dir)
      return dir
    }
    const version = python(['-c', 'import sqlite3; print(sqlite3.sqlite_version)'])
    return {
      versions: { node: process.version, SQLite: version },
      ours: { run: async () => timeFilling(await folder()) },
      peer: {
        async run() {
          const path = join(await folder(), 'bench.sqlite')
          return Number(python([program, path, String(RECORDS), String(TRANSACTION)]))
        },
      },
      close: () => place.close(),
    }
  },
}
