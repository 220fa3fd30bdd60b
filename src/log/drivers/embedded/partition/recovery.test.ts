import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../../../core/index.ts'
import { batchesOf } from '../embedded-world.conformance.ts'
import { encodeSegmentHeader } from '../format/segment-header.ts'
import { nodeStorage } from '../node-storage.ts'
import { PartitionLog } from './partition-log.ts'
import { ALL, close, contents, open, place, record, writeThree } from './three-batches.testing.ts'

let root: string
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'millrace-recovery-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('a segment cut at every byte', () => {
  test('opens with the whole batches before the cut, and goes on there', async () => {
    const folder = join(root, 'p')
    const { file } = await writeThree(folder)
    const bytes = readFileSync(file)
    const ends = batchesOf(bytes).map(({ at, sizeBytes }) => at + sizeBytes)
    const counts = [2, 3, 5]
    for (let cut = 0; cut <= bytes.length; cut++) {
      writeFileSync(file, bytes.subarray(0, cut))
      const whole = ends.filter((end) => end <= cut).length
      const left = ALL.slice(0, counts[whole - 1] ?? 0)
      const log = await open(folder)
      expect(await contents(log), `cut at ${cut}`).toEqual(left)
      expect(await log.append([record('next')])).toBe(left.length)
      expect(await contents(log)).toEqual([...left, `${left.length}:next`])
      await close(log)
    }
  })

  test('after an orderly close a cut is damage and nothing is removed', async () => {
    const folder = join(root, 'p')
    const { file, cleanEnd } = await writeThree(folder)
    const bytes = readFileSync(file)
    const second = batchesOf(bytes)[1]!.at
    truncateSync(file, second + 10)
    const log = await open(folder, cleanEnd)
    expect(await log.append([record('next')])).toBe(5)
    const seen = ['0:a0', '1:a1', `damage 2-5 @${second}`, '5:next']
    expect(await contents(log)).toEqual(seen)
    await close(log)
    // Also when the next end was no orderly one.
    expect(await contents(await open(folder))).toEqual(seen)
  })
})

describe('a flipped bit', () => {
  test('anywhere but in the last batch is damage, and everything else is there', async () => {
    const folder = join(root, 'p')
    const { file } = await writeThree(folder)
    const bytes = readFileSync(file)
    const [a, b, c] = batchesOf(bytes)
    // Every bit of the second header, every seventh of the rest.
    const isInHeader = (bit: number): boolean => bit >= b!.at * 8 && bit < (b!.at + 61) * 8
    for (let bit = 0; bit < c!.at * 8; bit += isInHeader(bit) ? 1 : 7) {
      const damaged = Buffer.from(bytes)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(file, damaged)
      const log = await open(folder)
      // Before the first batch is the header, which holds no record.
      const expected =
        bit >> 3 < a!.at
          ? ALL
          : bit >> 3 < b!.at
            ? [`damage 0-2 @${a!.at}`, '2:b2', '3:c3', '4:c4']
            : ['0:a0', '1:a1', `damage 2-3 @${b!.at}`, '3:c3', '4:c4']
      expect(await contents(log), `bit ${bit}`).toEqual(expected)
      expect(log.end).toBe(5)
      await close(log)
    }
  })

  test('in the last batch cuts it after a crash, and is damage after an orderly close', async () => {
    const { file, cleanEnd } = await writeThree(join(root, 'p'))
    const bytes = readFileSync(file)
    const last = batchesOf(bytes)[2]!.at
    for (let bit = last * 8; bit < bytes.length * 8; bit += 7) {
      const damaged = Buffer.from(bytes)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      for (const [name, end, expected] of [
        ['crashed', undefined, ALL.slice(0, 3)],
        ['closed', cleanEnd, [...ALL.slice(0, 3), `damage 3-5 @${last}`]],
      ] as const) {
        const folder = join(root, name)
        rmSync(folder, { recursive: true, force: true })
        mkdirSync(folder)
        writeFileSync(join(folder, '00000000000000000000.log'), damaged)
        const log = await open(folder, end)
        expect(await contents(log), `${name}, bit ${bit}`).toEqual([...expected])
        await close(log)
      }
    }
  })

  test('in a closed segment is found when it is read, with its stored index and without', async () => {
    const folder = join(root, 'p')
    let log = await open(folder, undefined, 200)
    for (let value = 0; value < 12; value++) await log.append([record(`v${value}`)])
    await close(log)
    const names = readdirSync(folder).filter((name) => name.endsWith('.log'))
    expect(names.length).toBeGreaterThan(3)
    const file = join(folder, names[1]!)
    const bytes = readFileSync(file)
    const hit = batchesOf(bytes)[0]!
    bytes[hit.at + 70]! ^= 4
    writeFileSync(file, bytes)
    for (const withIndex of [true, false]) {
      if (!withIndex) {
        for (const name of readdirSync(folder)) {
          if (name.endsWith('.index')) rmSync(join(folder, name))
        }
      }
      log = await open(folder, undefined, 200)
      const seen = await contents(log)
      const { baseOffset, lastOffset } = hit
      expect(seen).toContain(`damage ${baseOffset}-${lastOffset + 1} @${hit.at}`)
      expect(seen).toHaveLength(12)
      await close(log)
    }
  })
})

describe('a batch of another partition that a disk wrote over the last one', () => {
  test('is never served, wherever it lies behind the header of the batch that it hit', async () => {
    const { file } = await writeThree(join(root, 'p'))
    const bytes = readFileSync(file)
    const last = batchesOf(bytes)[2]!
    const other = await writeThree(join(root, 'q'))
    const { at, sizeBytes } = batchesOf(readFileSync(other.file))[2]!
    const stray = readFileSync(other.file).subarray(at, at + sizeBytes)
    // The last batch has offsets 3 and 4, so 5 would come next: the one offset that nothing speaks against.
    for (const base of [4, 6, 1000]) {
      stray.writeBigInt64BE(BigInt(base))
      for (let from = last.at + 61; from < bytes.length; from++) {
        const folder = join(root, 'hit')
        rmSync(folder, { recursive: true, force: true })
        mkdirSync(folder)
        const hit = Buffer.concat([bytes.subarray(0, from), stray])
        writeFileSync(join(folder, '00000000000000000000.log'), hit)
        const log = await open(folder)
        expect(await contents(log), `base ${base} at byte ${from}`).toEqual(ALL.slice(0, 3))
        await close(log)
      }
    }
  })
})

test('a stray batch over an earlier one hides nothing that follows, although its offset would end the segment', async () => {
  const folder = join(root, 'p')
  const { file } = await writeThree(folder)
  const other = await writeThree(join(root, 'q'))
  const bytes = readFileSync(file)
  const [first] = batchesOf(bytes)
  const { at, sizeBytes } = batchesOf(readFileSync(other.file))[1]!
  const stray = readFileSync(other.file).subarray(at, at + sizeBytes)
  stray.writeBigInt64BE(4n)
  stray.copy(bytes, first!.at + 1)
  writeFileSync(file, bytes)
  const log = await open(folder)
  expect(await contents(log)).toEqual([`damage 0-2 @${first!.at}`, '2:b2', '3:c3', '4:c4'])
  await close(log)
})

describe('the header of a last segment without a batch', () => {
  const NAME = '00000000000000000000.log'

  async function openTold(folder: string): Promise<{ log: PartitionLog; told: string[] }> {
    const told: string[] = []
    const tell = (_facts: object, message: string): void => void told.push(message)
    const logger = { ...silentLogger, warn: tell, error: tell }
    const options = { ...place, logger, storage: nodeStorage, folder, segmentBytes: 10_000 }
    return { log: await PartitionLog.open(options), told }
  }

  /** The folder of a partition that holds this file alone. */
  function folderWith(content: Uint8Array): string {
    const folder = join(root, 'p')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    writeFileSync(join(folder, NAME), content)
    return folder
  }

  const ours = encodeSegmentHeader({ topicId: place.topicId, partition: 0, base: 0 })

  test('is written again and told, when a crash tore it, a bit of it flipped, or both', async () => {
    const torn = [0, 1, 20, 63].flatMap((length) => [
      ours.slice(0, length),
      Buffer.concat([ours.subarray(0, length), Buffer.alloc(64 - length)]),
      Buffer.concat([Buffer.alloc(length), ours.subarray(length, 63)]),
    ])
    // Every seventh bit.
    const flipped = Array.from({ length: 73 }, (_, step) => {
      const bit = 7 * step
      const header = ours.slice()
      header[bit >> 3]! ^= 1 << (bit & 7)
      return header
    })
    const both = ours.slice(0, 40)
    both[20]! ^= 8
    for (const header of [...torn, ...flipped, both]) {
      const folder = folderWith(header)
      const { log, told } = await openTold(folder)
      expect(told, Buffer.from(header).toString('hex')).toEqual([expect.stringMatching(/header/)])
      expect(await log.append([record('first')])).toBe(0)
      await close(log)
      expect(await contents(await open(folder))).toEqual(['0:first'])
    }
  })

  test('says enough, also with a flipped bit, to give no offset twice when the file was exchanged', async () => {
    // The nearest of strangers: one letter of the id.
    const theirs = encodeSegmentHeader({ topicId: 'id-of-u', partition: 0, base: 0 })
    for (let bit = 0; bit < theirs.length * 8; bit += 7) {
      const header = theirs.slice()
      header[bit >> 3]! ^= 1 << (bit & 7)
      const folder = folderWith(header)
      const { log, told } = await openTold(folder)
      expect(told, `bit ${bit}`).toHaveLength(1)
      const refusal = { code: 'LOG_CORRUPT', details: { file: join(folder, NAME), offset: 0 } }
      await expect(log.append([record('first')])).rejects.toMatchObject(refusal)
      await log.close(new Error('closed'))
      expect(readFileSync(join(folder, NAME))).toEqual(Buffer.from(header))
    }
  })
})

describe('hostile values', () => {
  test('a torn record that contains a whole batch does not bring it to life', async () => {
    const folder = join(root, 'p')
    const log = await open(folder)
    await log.append([record('first')])
    await close(log)
    const file = join(folder, '00000000000000000000.log')
    const inner = readFileSync(file)
    for (const forgedBase of [1, 2, 3, 1000]) {
      const forged = Buffer.from(inner)
      forged.writeBigInt64BE(BigInt(forgedBase))
      const outer = await open(folder)
      await outer.append([{ ...record(''), value: Buffer.concat([forged, Buffer.alloc(500)]) }])
      await close(outer)
      const whole = readFileSync(file)
      for (let cut = inner.length + 61; cut < whole.length; cut += 3) {
        writeFileSync(file, whole.subarray(0, cut))
        const again = await open(folder)
        expect(again.end, `forged base ${forgedBase}, cut at ${cut}`).toBe(1)
        await close(again)
      }
    }
  })
})

describe('a batch that lost its header before a torn tail', () => {
  test('takes nothing with it: what is behind it is kept, told and not served, and no offset is given twice', async () => {
    const folder = join(root, 'p')
    const { file } = await writeThree(folder)
    const bytes = readFileSync(file)
    const [, second, third] = batchesOf(bytes)
    bytes.fill(0, second!.at, second!.at + 61)
    const damaged = Buffer.concat([bytes, bytes.subarray(third!.at, third!.at + 70)])
    writeFileSync(file, damaged)
    // Also when it is opened again, and again.
    for (let opening = 0; opening < 3; opening++) {
      const log = await open(folder)
      const next = log.end
      // The third batch ends at 5: one further, so that nothing that ends there can count as the rest.
      expect(next).toBe(6 + opening)
      expect(await log.append([record('next')])).toBe(next)
      expect((await contents(log)).slice(0, 3)).toEqual([
        '0:a0',
        '1:a1',
        `damage 2-6 @${second!.at}`,
      ])
      await close(log)
      expect(readFileSync(file)).toEqual(damaged)
    }
  })

  test('and one that only looks so, for its values hold batches, brings none of them to life', async () => {
    const folder = join(root, 'p')
    const { file } = await writeThree(folder)
    const whole = readFileSync(file)
    const [, second] = batchesOf(whole)
    for (const forgedBase of [3, 5, 9, 2 ** 40]) {
      const forged = Buffer.from(whole.subarray(second!.at, second!.at + second!.sizeBytes))
      forged.writeBigInt64BE(BigInt(forgedBase))
      const torn = Buffer.concat([Buffer.alloc(70), forged, Buffer.alloc(30, 7)])
      writeFileSync(file, Buffer.concat([whole.subarray(0, second!.at), torn]))
      const log = await open(folder)
      expect((await contents(log)).filter((line) => !line.startsWith('damage'))).toEqual([
        '0:a0',
        '1:a1',
      ])
      // A value cannot use up the offsets.
      expect(log.end, `forged base ${forgedBase}`).toBeLessThan(30)
      await close(log)
      for (const name of readdirSync(folder))
        if (join(folder, name) !== file) rmSync(join(folder, name))
    }
  })
})

test('opening reads the last segment only', async () => {
  const folder = join(root, 'p')
  const log = await open(folder, undefined, 20_000)
  const value = 'x'.repeat(900)
  for (let batch = 0; batch < 40; batch++) {
    await log.append(Array.from({ length: 10 }, () => record(value)))
  }
  const end = await close(log)
  let bytesRead = 0
  const counting = {
    ...nodeStorage,
    async open(...args: Parameters<typeof nodeStorage.open>) {
      const file = await nodeStorage.open(...args)
      return {
        read: async (target: Uint8Array, position: number) => {
          const count = await file.read(target, position)
          bytesRead += count
          return count
        },
        write: file.write.bind(file),
        datasync: file.datasync.bind(file),
        truncate: file.truncate.bind(file),
        size: file.size.bind(file),
        close: file.close.bind(file),
      }
    },
  }
  const options = { ...place, folder, segmentBytes: 20_000 }
  const again = await PartitionLog.open({ ...options, storage: counting })
  expect(again.end).toBe(400)
  expect(again.sizeBytes).toBeGreaterThan(360_000)
  // Once to verify it, and its last batch again to store it again.
  expect(bytesRead).toBeLessThanOrEqual(2 * end.sizeBytes)
  await close(again)
})
