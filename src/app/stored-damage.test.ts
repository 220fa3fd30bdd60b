/** P6 in a whole app: a damaged file is found and named, never served, and the rest keeps working. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../testing/index.ts'
import { defineApp, sql, topic } from './authoring.ts'
import type { RunningApp, StartOptions } from './running-app.ts'
import { startApp } from './start-app.ts'
import { verifyFolder } from './verify-stores.ts'

const schema = z.object({ n: z.int() })
const app = defineApp({
  name: 'rot',
  topics: { good: topic({ schema }), bad: topic({ schema }) },
  features: { seen: sql`select n, count(*) as times from bad group by n` },
})

let dataDir: string
let running: RunningApp | undefined

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'millrace-rot-')), 'data')
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(join(dataDir, '..'), { recursive: true, force: true })
})

async function start(options: Partial<StartOptions> = {}): Promise<RunningApp> {
  running = await startApp(app, { dataDir, ...options })
  return running
}

/** Two tables of one file each; answers the path of the second one's. */
async function fill(to: RunningApp): Promise<string> {
  for (const name of ['good', 'bad']) {
    for (let n = 0; n < 50; n++) await to.routes.publish(name, { n })
    await to.sinks.get(name)?.flush()
  }
  const snapshot = to.lake.table('bad').snapshot()
  return snapshot.path(snapshot.files[0]!)
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[bytes.length >> 1]! ^= 4
  await chmod(path, 0o644)
  await writeFile(path, bytes)
}

test('P6: after a start a damaged file is refused by name, by SQL and by the doctor', async () => {
  const path = await fill(await start())
  await running?.stop()
  await flip(path)
  const file = path.split('/').at(-1)!
  const found = { store: 'lake', name: 'bad', file, problem: expect.stringContaining('digest') }
  expect(await verifyFolder(dataDir)).toMatchObject([found])
  const second = await start()
  await expect(second.query.run('select sum(n) from bad')).rejects.toMatchObject({
    code: 'LAKE_CORRUPT',
    message: expect.stringContaining(file),
  })
  expect((await second.query.run('select sum(n) from good')).rows).toEqual([[1_225]])
  expect(await second.verify()).toMatchObject([found])
  await flip(path)
  expect(await second.verify()).toEqual([])
  expect((await second.query.run('select sum(n) from bad')).rows).toEqual([[1_225]])
})

test('P6: the scrub finds what rots while the app runs, slowly, and then it is not served', async () => {
  const clock = createManualClock()
  const path = await fill(await start({ clock, limits: { scrubBytesPerSecond: 1_000_000 } }))
  expect((await running!.query.run('select sum(n) from bad')).rows).toEqual([[1_225]])
  await flip(path)
  expect(running!.warnings()).toEqual([])
  clock.advance(60 * 60_000)
  await expect
    .poll(
      () => {
        clock.advance(1_000)
        return running!.warnings().join()
      },
      { timeout: 10_000 },
    )
    .toContain(path.split('/').at(-1))
  await expect(running!.query.run('select sum(n) from bad')).rejects.toMatchObject({
    code: 'LAKE_CORRUPT',
  })
})

test('P6: features are computed from the log where the lake has a damaged file', async () => {
  const path = await fill(await start())
  await running!.features.refresh()
  expect(running!.features.entities('seen')).toHaveLength(50)
  await running?.stop()
  await flip(path)
  const second = await start()
  await second.features.refresh()
  expect(second.features.entities('seen')).toHaveLength(50)
  for (let n = 0; n < 50; n++)
    expect(second.features.get('seen', String(n))).toEqual(Float64Array.of(1))
})
