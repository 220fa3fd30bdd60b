/** The checker knows exactly which stray batches the log cannot notice: the log itself is asked about each. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isMillraceError, silentLogger } from '../../../src/core/index.ts'
import { SEGMENT_HEADER_BYTES } from '../../../src/log/drivers/embedded/format/segment-header.ts'
import { nodeStorage } from '../../../src/log/drivers/embedded/node-storage.ts'
import { PartitionLog } from '../../../src/log/drivers/embedded/partition/partition-log.ts'
import { PartitionReader } from '../../../src/log/drivers/embedded/partition/partition-reader.ts'
import { passesForOwn } from './stray-batch.ts'

let root: string
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'millrace-stray-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

const NAME = '00000000000000000000.log'
const options = {
  logger: silentLogger,
  topic: 't',
  topicId: 'id-of-t',
  partition: 0,
  unnamedUpTo: -1,
  storage: nodeStorage,
  segmentBytes: 10_000,
}

/** The bytes of a segment with one batch for each list of values. */
async function segmentOf(name: string, batches: readonly (readonly string[])[]): Promise<Buffer> {
  const folder = join(root, name)
  const log = await PartitionLog.open({ ...options, folder })
  for (const values of batches) {
    await log.append(
      values.map((value) => ({ key: null, value: Buffer.from(value), headers: [], timestamp: 1 })),
    )
  }
  await log.close(new Error('closed'))
  return readFileSync(join(folder, NAME))
}

async function isServed(content: Uint8Array, value: string): Promise<boolean> {
  const folder = join(root, 'hit')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(join(folder, NAME), content)
  const log = await PartitionLog.open({ ...options, folder })
  const reader = new PartitionReader(log)
  try {
    for (let offset = log.earliest; offset < log.end;) {
      try {
        const { records, nextOffset } = await reader.read(offset, log.end, 10_000)
        if (records.some((record) => Buffer.from(record.value!).toString() === value)) return true
        offset = nextOffset
      } catch (error) {
        if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
        offset = error.details['nextOffset'] as number
      }
    }
    return false
  } finally {
    await log.close(new Error('closed'))
  }
}

test('a stray batch passes for the log exactly where the checker says so', async () => {
  const own = await segmentOf('own', [['a0', 'a1'], ['b2'], ['c3', 'c4']])
  const stray = (await segmentOf('other', [['stray']])).subarray(SEGMENT_HEADER_BYTES)
  const passed = { yes: 0, no: 0 }
  for (const base of [2, 4, 5, 40]) {
    stray.writeBigInt64BE(BigInt(base))
    for (let from = SEGMENT_HEADER_BYTES; from <= own.length; from++) {
      const content = Buffer.concat([own, Buffer.alloc(stray.length)]).subarray(
        0,
        Math.max(own.length, from + stray.length),
      )
      stray.copy(content, from)
      const passes = passesForOwn({ content, base: 0, endOffset: Infinity }, from)
      expect(await isServed(content, 'stray'), `base ${base} at ${from}`).toBe(passes)
      passed[passes ? 'yes' : 'no']++
    }
  }
  expect(passed.yes).toBeGreaterThan(0)
  expect(passed.no).toBeGreaterThan(passed.yes)
})
