/** What a stage promises, on the thread itself (of `dist/`). */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MillraceError, type LogRecord } from '../../core/index.ts'
import { openRowStage } from './row-stage.ts'
import { endStagingThread } from './staging-pool.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-stage-'))
})
afterAll(async () => {
  await endStagingThread()
  rmSync(dir, { recursive: true, force: true })
})

const encoder = new TextEncoder()
const record = (offset: number, text: string, partition = 0): LogRecord => ({
  topic: 'events',
  partition,
  offset,
  timestamp: 1_700_000_000_000 + offset,
  key: null,
  headers: [{ key: 'h', value: encoder.encode('v') }],
  value: encoder.encode(text),
})

const open = (path: string, onRoom?: () => void) =>
  openRowStage(
    {
      path: join(dir, path),
      topic: 'events',
      columns: [{ name: 'n', type: 'integer', nullable: false }],
      partitionBy: [],
    },
    onRoom,
  )

test('rows and rejects of several partitions and pushes, and nothing is left', async () => {
  const stage = open('whole')
  stage.add(record(5, '{"n":1}', 1))
  stage.add(record(6, 'no JSON', 1))
  stage.push()
  stage.add(record(0, 'bad'))
  stage.add(record(1, '{"n":2}'))
  const rows = await stage.finish()
  expect(rows.length).toBe(2)
  expect(
    rows.parts.map(({ partition, rows: count, first, last }) => [partition, count, first, last]),
  ).toEqual([
    [1, 1, 5, 5],
    [0, 1, 1, 1],
  ])
  expect(rows.rejected.map((one) => [one.record.partition, one.record.offset])).toEqual([
    [0, 0],
    [1, 6],
  ])
  expect(rows.rejected[0]?.record).toEqual(record(0, 'bad'))
  expect(await stage.finish()).toBe(rows)
  stage.discard()
  stage.discard()
  await open('next').finish()
  expect(readdirSync(dir)).toEqual([])
})

test('what is on its way is bounded, and room is told', async () => {
  let told = 0
  const stage = open('bounded', () => told++)
  const wide = `{"n":1,"text":"${'x'.repeat(1_000_000)}"}`
  for (let offset = 0; stage.hasRoom(); offset++) {
    stage.add(record(offset, wide))
    stage.push()
    expect(offset).toBeLessThan(20)
  }
  await stage.room()
  expect(stage.hasRoom()).toBe(true)
  expect(told).toBeGreaterThan(0)
  stage.discard()
})

test('a folder that is gone is told as a failure of storage', async () => {
  const stage = open('gone/stage')
  stage.add(record(0, '{"n":1}'))
  await expect(stage.finish()).rejects.toMatchObject({
    code: 'LAKE_STORAGE_FAILED',
    retryable: true,
  })
  expect(stage.hasRoom()).toBe(true)
  await stage.room()
  stage.discard()
})

test('a thread that ends fails its batches, and the next one has another', async () => {
  const stage = open('lost')
  stage.add(record(0, '{"n":1}'))
  stage.push()
  const finished = stage.finish().catch((error: unknown) => error)
  await endStagingThread()
  const error = await finished
  // The answer may have been faster than the end.
  if (error instanceof MillraceError)
    expect(error).toMatchObject({ code: 'LAKE_THREAD_LOST', retryable: true })
  const idle = open('idle')
  await endStagingThread()
  await expect(idle.finish()).rejects.toMatchObject({ code: 'LAKE_THREAD_LOST' })
  const again = open('again')
  again.add(record(0, '{"n":1}'))
  expect((await again.finish()).length).toBe(1)
  again.discard()
})
