/**
 * K1, K2, K4: the sink, from events in the log to durable Parquet, each record once (boundary logged, file synced, manifest
 * recorded, offsets committed). K1 against DuckDB's own appender and COPY of rows that are in memory already, two threads; K2
 * against COPY alone, from a table in memory; K4 against the same reading, converting and writing without exactly-once: no
 * boundary, no sync, no digest, no manifest.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../src/core/index.ts'
import { rowConverter } from '../../src/lake/index.ts'
import type { Log } from '../../src/log/index.ts'
import { openTableSink } from '../../src/stream/index.ts'
import type { Benchmark, Side } from '../benchmark.ts'
import {
  appendAll,
  BATCH,
  COLUMNS,
  CREATE_TABLE,
  eventAt,
  lakeVersions,
  openBenchLake,
  openBenchTable,
  openDuckDb,
  openFilledLog,
  ROWS,
  timed,
  TOPIC,
} from '../lake-rows.ts'
import { makeWorkplace } from '../log-records.ts'

interface Place {
  readonly log: Log
  /** A folder that no run has used. */
  readonly newFolder: () => Promise<string>
}

async function sinkOnce({ log, newFolder }: Place): Promise<number> {
  const lake = await openBenchLake(await newFolder())
  // Every run is a first one: its own boundaries, its own group.
  await log.deleteTopic('__millrace-batches').catch(() => {})
  const table = await openBenchTable(lake)
  const seconds = await timed(async () => {
    const sink = await openTableSink({
      log,
      table,
      topic: TOPIC,
      columns: COLUMNS,
      clock: systemClock,
      policy: BATCH,
    })
    await sink.flush()
    await sink.close()
  })
  if (table.snapshot().rows !== ROWS) throw new Error(`the lake has ${table.snapshot().rows} rows`)
  await lake.close()
  return seconds
}

/** The bare sink of K4: what it costs to read, convert and write, and nothing else. */
async function bareSinkOnce({ log, newFolder }: Place): Promise<number> {
  const folder = await newFolder()
  const lake = await openBenchLake(folder)
  const convert = rowConverter(COLUMNS)
  const { columns } = await openBenchTable(lake)
  const seconds = await timed(async () => {
    let records: Parameters<typeof convert>[0][number][] = []
    for await (const batch of log.read(TOPIC, 0, 0)) {
      records = records.concat(batch.records)
    }
    await lake.writeRows(join(folder, 'bare.parquet'), columns, convert(records).rows)
  })
  await lake.close()
  return seconds
}

const COPY = 'FORMAT parquet, COMPRESSION zstd'

async function appenderOnce(place: Place, events: ReturnType<typeof eventAt>[]): Promise<number> {
  const path = join(await place.newFolder(), 'peer.parquet')
  const duckDb = await openDuckDb()
  try {
    await duckDb.connection.run(CREATE_TABLE)
    return await timed(async () => {
      await appendAll(duckDb, events)
      await duckDb.connection.run(`COPY ${TOPIC} TO '${path}' (${COPY})`)
    })
  } finally {
    duckDb.close()
  }
}

type PeerOf = (place: Place) => Promise<Side & { close?(): void }>

const allEvents = (): ReturnType<typeof eventAt>[] =>
  Array.from({ length: ROWS }, (_, n) => eventAt(n))

async function appenderPeer(place: Place): Promise<Side> {
  const events = allEvents()
  return { run: () => appenderOnce(place, events) }
}

async function copyPeer(place: Place): Promise<Side & { close(): void }> {
  const duckDb = await openDuckDb()
  await duckDb.connection.run(CREATE_TABLE)
  await appendAll(duckDb, allEvents())
  return {
    close: () => duckDb.close(),
    async run() {
      const path = join(await place.newFolder(), 'peer.parquet')
      return timed(() => duckDb.connection.run(`COPY ${TOPIC} TO '${path}' (${COPY})`))
    },
  }
}

const lakeWrite = (id: string, against: string, floor: number, peerOf: PeerOf): Benchmark => ({
  id,
  question: `How many events a second from the log to durable Parquet, each once, against ${against}?`,
  work: ROWS,
  unit: 'rows/s',
  floor,
  async prepare() {
    const workplace = await makeWorkplace()
    const log = await openFilledLog(join(workplace.dir, 'log'))
    let folders = 0
    const place: Place = {
      log,
      async newFolder() {
        const folder = join(workplace.dir, `run-${folders++}`)
        await mkdir(folder)
        return folder
      },
    }
    const peer = await peerOf(place)
    return {
      versions: await lakeVersions(),
      ours: { run: () => sinkOnce(place) },
      peer,
      async close() {
        peer.close?.()
        await log.close()
        await workplace.close()
      },
    }
  },
})

export const lakeWriteBenchmarks = {
  K1: lakeWrite('K1', "DuckDB's appender and COPY of rows in memory", 1, appenderPeer),
  K2: lakeWrite('K2', "DuckDB's COPY of a table in memory", 0.4, copyPeer),
  K4: lakeWrite('K4', 'the same without exactly-once', 0.9, async (place) => ({
    run: () => bareSinkOnce(place),
  })),
}
