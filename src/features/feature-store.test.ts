import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  columnsOf,
  silentLogger,
  silentMetrics,
  systemClock,
  type LogRecord,
  type Metrics,
} from '../core/index.ts'
import { openLake, rowsOf, type Lake, type LakeTable } from '../lake/index.ts'
import { openLog, type Log } from '../log/index.ts'
import { openSqlEngine } from '../sql/index.ts'
import { z } from 'zod'
import { openFeatureStore } from './feature-store.ts'
import { featureConformance, type FeatureWorld } from './feature-view.conformance.ts'
import type { FeatureTable } from './feature-view.ts'
import { createFrameBuilder } from './frame-builder.ts'

const columns = columnsOf(
  z.object({ userId: z.int(), movieId: z.string(), rating: z.number(), timestamp: z.int() }),
)
const table: FeatureTable = { name: 'ratings', topic: 'ratings', columns, eventTime: 'timestamp' }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A log that counts the records that its readers are given. */
function counting(log: Log): { log: Log; records: () => number } {
  let records = 0
  const read: Log['read'] = async function* (...args) {
    for await (const batch of log.read(...args)) {
      records += batch.records.length
      yield batch
    }
  }
  const counted = new Proxy(log, {
    get(target, name: keyof Log) {
      if (name === 'read') return read
      const member = target[name] as (...args: unknown[]) => unknown
      return member.bind(target)
    },
  })
  return { log: counted, records: () => records }
}

async function commitAll(log: Log, lakeTable: LakeTable, number: number): Promise<void> {
  const { ends } = lakeTable.snapshot()
  const records: LogRecord[] = []
  const info = await log.topic('ratings')
  for (const { partition } of info.partitions) {
    for await (const batch of log.read('ratings', partition, ends.get(partition) ?? 0)) {
      records.push(...batch.records)
    }
  }
  const ranges = info.partitions
    .map(({ partition, end }) => ({
      partition,
      first: ends.get(partition) ?? 0,
      last: end - 1,
    }))
    .filter(({ first, last }) => last >= first)
  if (ranges.length === 0) return
  await lakeTable.commit({ number, ranges, rows: rowsOf(records, columns).rows })
}

async function openWorld(
  metrics: Metrics = silentMetrics,
): Promise<FeatureWorld & { log: Log; lake: Lake }> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-features-'))
  const log = await openLog({ dir: join(dir, 'log'), cleanIntervalMs: 0 })
  await log.createTopic({ name: 'ratings', partitions: 2 })
  const lake = await openLake({
    dir: join(dir, 'lake'),
    clock: systemClock,
    logger: silentLogger,
  })
  const lakeTable = await lake.openTable({ name: 'ratings', topic: 'ratings', columns })
  const engine = await openSqlEngine()
  const counted = counting(log)
  return {
    table,
    engine,
    frames: createFrameBuilder(),
    log,
    lake,
    openStore: (views) =>
      openFeatureStore({
        log: counted.log,
        lake,
        tables: [table],
        views,
        clock: systemClock,
        logger: silentLogger,
        metrics,
      }),
    async publish(events, partition = 0) {
      const records = events.map((event) => ({
        key: null,
        value: bytes(typeof event === 'string' ? event : JSON.stringify(event)),
        headers: [],
        timestamp: 0,
        partition,
      }))
      await log.append('ratings', records)
    },
    async commit() {
      await commitAll(log, lakeTable, lakeTable.snapshot().lastBatch + 1)
      const snapshot = lakeTable.snapshot()
      return snapshot.files.map((file) => snapshot.path(file))
    },
    recordsRead: counted.records,
    async remove() {
      await engine.close()
      await lake.close()
      await log.close()
      await rm(dir, { recursive: true })
    },
  }
}

const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_301)

describe(`feature store (seed ${seed})`, () => {
  for (const check of featureConformance({ openWorld: () => openWorld(), seed })) {
    test(`${check.guarantee}: ${check.name}`, () => check.run(), 60_000)
  }
})

test('the lag of each view is a metric, and a column added later is missing in old files', async () => {
  const lags = new Map<string, number>()
  const world = await openWorld({
    record: (name, labels, value) => {
      if (name === 'feature_lag_records' && 'view' in labels) lags.set(String(labels.view), value)
    },
  })
  try {
    await world.publish([{ userId: 1, movieId: 'a', rating: 4, timestamp: 1 }])
    await world.commit()
    const wider = {
      ...table,
      columns: [...columns, { name: 'tag', type: 'text', nullable: true }],
    } as const
    const store = await openFeatureStore({
      log: world.log,
      lake: world.lake,
      tables: [wider],
      views: [
        {
          name: 'tags',
          sql: 'select userId, count(tag) as n, count(*) as m from ratings group by 1',
        },
      ],
      clock: systemClock,
      logger: silentLogger,
      metrics: silentMetrics,
    })
    const tagged = { userId: 1, movieId: 'a', rating: 4, timestamp: 2, tag: 'funny' }
    await world.publish([tagged])
    await store.refresh()
    expect(store.get('tags', '1')).toEqual(Float64Array.from([1, 2]))
    await store.close()
    const other = await world.openStore([
      { name: 'user', sql: 'select userId, count(*) as n from ratings group by 1' },
    ])
    await other.refresh()
    expect(lags).toEqual(new Map([['user', 0]]))
    await other.close()
  } finally {
    await world.remove()
  }
})
