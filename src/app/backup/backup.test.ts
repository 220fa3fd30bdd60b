/** B11, first form: a copy taken while events arrive opens elsewhere, holds a prefix of every partition, and goes on. */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isMillraceError, systemClock } from '../../core/index.ts'
import { createManualClock } from '../../testing/index.ts'
import { defineApp, topic } from '../authoring.ts'
import type { RunningApp } from '../running-app.ts'
import { startApp } from '../start-app.ts'
import { createBackup } from './create-backup.ts'
import { restoreBackup } from './restore-backup.ts'

const app = defineApp({
  name: 'shop',
  topics: {
    sales: topic({
      schema: z.object({ n: z.int() }),
      partitions: 2,
      key: 'n',
      batch: { rows: 50 },
    }),
  },
})

let dir: string
const running: RunningApp[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-backup-'))
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
  await rm(dir, { recursive: true, force: true })
})

async function start(name: string): Promise<RunningApp> {
  const started = await startApp(app, { dataDir: join(dir, name) })
  running.push(started)
  return started
}

const clock = createManualClock(1_700_000_000_000)
const send = (to: RunningApp, numbers: readonly number[]) =>
  to.ingest.receive(
    'sales',
    Readable.from([Buffer.from(numbers.map((n) => JSON.stringify({ n })).join('\n'))]),
    { format: 'ndjson', source: 'test' },
  )

/** The numbers of each partition, as the log has them. */
async function numbersOf({ log }: RunningApp): Promise<number[][]> {
  const all: number[][] = []
  for (const { partition } of (await log.topic('sales')).partitions) {
    const numbers: number[] = []
    for await (const { records } of log.read('sales', partition, 0)) {
      for (const { value } of records) {
        numbers.push((JSON.parse(Buffer.from(value ?? []).toString()) as { n: number }).n)
      }
    }
    all.push(numbers)
  }
  return all
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('a backup', () => {
  it('B11: taken while events arrive is a prefix of every partition, adds up, and goes on', async () => {
    const source = await start('source')
    const enough = new AbortController()
    const sending = (async (): Promise<void> => {
      for (let n = 0; !enough.signal.aborted; n += 10) {
        await send(
          source,
          Array.from({ length: 10 }, (_, i) => n + i),
        )
      }
    })()
    const copies: Buffer[] = []
    for (let copy = 0; copy < 3; copy++) {
      const before = (await source.log.topic('sales')).partitions.reduce(
        (sum, { end }) => sum + end,
        0,
      )
      await expect
        .poll(
          async () =>
            (await source.log.topic('sales')).partitions.reduce((sum, { end }) => sum + end, 0),
          { timeout: 20_000 },
        )
        .toBeGreaterThan(before + 200)
      copies.push(await buffer((await createBackup(source.dataDir, systemClock)).stream))
    }
    enough.abort()
    await sending
    expect(
      (await readdir(join(source.dataDir, 'run'))).filter((name) => name.startsWith('backup')),
    ).toEqual([])
    const whole = await numbersOf(source)
    for (const [index, copy] of copies.entries()) {
      await restoreBackup(Readable.from(copy), join(dir, `copy-${index}`))
      const restored = await start(`copy-${index}`)
      const found = await numbersOf(restored)
      for (const [partition, numbers] of found.entries()) {
        expect(numbers.length).toBeGreaterThan(50)
        expect(numbers).toEqual(whole[partition]?.slice(0, numbers.length))
      }
      await send(restored, [-1])
      await restored.sinks.get('sales')?.flush()
      const total = found.flat().length + 1
      expect(await restored.ledger('sales')).toMatchObject({
        inLake: total,
        inFlight: 0,
        difference: 0,
      })
      expect(await restored.lake.table('sales').verify()).toEqual([])
      expect(await restored.query.run('select count(distinct n) as n from sales')).toMatchObject({
        rows: [[total]],
      })
    }
  }, 60_000)

  it('that nobody reads to its end leaves nothing behind', async () => {
    const source = await start('source')
    await send(
      source,
      Array.from({ length: 5_000 }, (_, n) => n),
    )
    const { stream } = await createBackup(source.dataDir, systemClock)
    for await (const chunk of stream) {
      expect(chunk).toBeInstanceOf(Buffer)
      break
    }
    const staged = async (): Promise<string[]> =>
      (await readdir(join(source.dataDir, 'run'))).filter((name) => name.startsWith('backup'))
    await expect.poll(staged).toEqual([])
  })
})

describe('a restore', () => {
  const backUp = async (): Promise<Buffer> => {
    const source = await start('source')
    await send(source, [1, 2, 3])
    return buffer((await createBackup(source.dataDir, clock)).stream)
  }
  const restore = (archive: Buffer, name = 'copy') =>
    restoreBackup(Readable.from(archive), join(dir, name))

  it('refuses an archive that was cut off at any block, and leaves nothing behind', async () => {
    const archive = await backUp()
    const random = Array.from(
      { length: 12 },
      (_, i) => 512 * Math.floor((archive.length / 512) * (i / 12)),
    )
    for (const length of [...random, archive.length - 1_536]) {
      await expect(restore(archive.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'APP_BACKUP_INVALID',
      })
    }
    expect((await readdir(dir)).toSorted()).toEqual(['source'])
  })

  it('names the file whose bytes changed', async () => {
    const archive = await backUp()
    const at = archive.indexOf('{"n":2}')
    archive[at + 5] = 0x39
    await expect(restore(archive)).rejects.toThrow(/other bytes in "log\/topics\/sales/)
  })

  it('refuses a name outside the folder', async () => {
    const archive = await backUp()
    const at = archive.indexOf('FORMAT')
    archive.write('../MAT', at)
    await expect(restore(archive)).rejects.toSatisfy((error) =>
      isMillraceError(error, 'APP_BACKUP_INVALID'),
    )
    expect((await readdir(dir)).toSorted()).toEqual(['source'])
  })

  it('refuses a folder with something in it, untouched', async () => {
    const archive = await backUp()
    const before = digest(archive)
    await expect(restore(archive, 'source')).rejects.toMatchObject({ code: 'APP_DATA_FOLDER' })
    expect(digest(archive)).toBe(before)
    await restore(archive)
    expect((await readdir(join(dir, 'copy'))).toSorted()).toEqual(['FORMAT', 'lake', 'log'])
  })
})
