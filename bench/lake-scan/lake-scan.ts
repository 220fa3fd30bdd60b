/**
 * K5: a table that was written as a thousand small batches, after its compaction, against one file of the same rows: one
 * query that reads three columns of all of them, the files listed by the manifest.
 */
import { join } from 'node:path'
import { rowConverter, type LakeTable } from '../../src/lake/index.ts'
import type { Benchmark } from '../benchmark.ts'
import {
  COLUMNS,
  eventAt,
  lakeVersions,
  openBenchLake,
  openBenchTable,
  openDuckDb,
  ROWS,
  timed,
  TOPIC,
  type DuckDb,
} from '../lake-rows.ts'
import { makeWorkplace } from '../log-records.ts'

const FILES = 1_000
/** Scans of one run: a single one takes milliseconds. */
const SCANS = 20
const encoder = new TextEncoder()

const recordsOf = (first: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    topic: TOPIC,
    partition: 0,
    offset: first + at,
    key: null,
    value: encoder.encode(JSON.stringify(eventAt(first + at))),
    headers: [],
    timestamp: 1_700_000_000_000 + first + at,
  }))

async function fill(table: LakeTable): Promise<void> {
  const convert = rowConverter(COLUMNS)
  const rows = Math.floor(ROWS / FILES)
  for (let number = 1; number <= FILES; number++) {
    const first = (number - 1) * rows
    const ranges = [{ partition: 0, first, last: first + rows - 1 }]
    await table.commit({ number, ranges, rows: convert(recordsOf(first, rows)).rows })
  }
}

const scan = async ({ connection }: DuckDb, files: readonly string[]): Promise<number> =>
  timed(async () => {
    const list = files.map((file) => `'${file}'`).join()
    for (let each = 0; each < SCANS; each++) {
      await connection.runAndReadAll(
        `SELECT sum(rating), max(dwell), count(DISTINCT page) FROM read_parquet([${list}])`,
      )
    }
  })

export const lakeScan: Benchmark = {
  id: 'K5',
  question:
    'How fast is a table of 1,000 small batches to read after compaction, against one file?',
  work: ROWS * SCANS,
  unit: 'rows/s',
  floor: 0.83,
  async prepare() {
    const workplace = await makeWorkplace()
    const lake = await openBenchLake(join(workplace.dir, 'lake'))
    const table = await openBenchTable(lake)
    await fill(table)
    const { before, after } = await table.compact()
    const snapshot = table.snapshot()
    const single = join(workplace.dir, 'single.parquet')
    const duckDb = await openDuckDb()
    const files = snapshot.files.map((file) => snapshot.path(file))
    await duckDb.connection.run(
      `COPY (FROM read_parquet([${files.map((file) => `'${file}'`).join()}])) TO '${single}' (FORMAT parquet, COMPRESSION zstd)`,
    )
    return {
      versions: { ...(await lakeVersions()), files: `${before} before, ${after} after` },
      ours: { run: () => scan(duckDb, files) },
      peer: { run: () => scan(duckDb, [single]) },
      async close() {
        duckDb.close()
        await lake.close()
        await workplace.close()
      },
    }
  },
}
