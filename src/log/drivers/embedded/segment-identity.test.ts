/** P6, P22: a file in the wrong place is found and named; folders of the format without names still open. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isMillraceError } from '../../../core/index.ts'
import { numbered, readAll, valuesOf } from '../../log-world.conformance.ts'
import type { Log } from '../../log.ts'
import { openLog } from '../../open-log.ts'
import { checksum } from './folder/durable-file.ts'
import { SEGMENT_HEADER_BYTES } from './format/segment-header.ts'

let dir: string
const logs: Log[] = []
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'millrace-identity-'))))
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()))
  rmSync(dir, { recursive: true, force: true })
})

async function open(): Promise<Log> {
  const log = await openLog({ dir })
  logs.push(log)
  return log
}

const RECORDS = 8
type Place = readonly [topic: string, partition: number]
const A0: Place = ['a', 0]
const A1: Place = ['a', 1]
const B0: Place = ['b', 0]
const PLACES = [A0, A1, B0]

/** Three partitions with the same offsets in segments of two records each; the last segment holds two as well. */
async function write(): Promise<void> {
  const log = await open()
  await log.createTopic({ name: 'a', partitions: 2, config: { segmentBytes: 200 } })
  await log.createTopic({ name: 'b', config: { segmentBytes: 200 } })
  for (const [topic, partition] of PLACES) {
    for (let first = 0; first < RECORDS; first += 2) {
      await log.append(topic, numbered(2, { partition }, first))
    }
  }
  await log.close()
}

const folder = (topic: string, partition: number): string =>
  join(dir, 'topics', topic, String(partition))

const segments = ([topic, partition]: Place): string[] =>
  readdirSync(folder(topic, partition))
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .map((name) => join(folder(topic, partition), name))

function swap(one: string, other: string): void {
  renameSync(one, `${one}.x`)
  renameSync(other, one)
  renameSync(`${one}.x`, other)
}

const VALUES = Array.from({ length: RECORDS }, (_, index) => `v${index}`)

/** Values as they come, and in the place of what is refused the file and offset that the error names. */
async function contents(log: Log, topic: string, partition: number): Promise<unknown[]> {
  const { earliest, end } = (await log.topic(topic)).partitions[partition]!
  const seen: unknown[] = []
  for (let from = earliest; from < end;) {
    try {
      for await (const { records } of log.read(topic, partition, from, { to: end })) {
        seen.push(...valuesOf(records))
        from = records.at(-1)!.offset + 1
      }
    } catch (error) {
      if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
      const told = error.details as { file: string; offset: number; nextOffset: number }
      expect(error.message).toMatch(/(topic id|no header).*expected was topic id/)
      seen.push({ file: told.file, offset: told.offset })
      from = told.nextOffset
    }
  }
  return seen
}

async function upTo(log: Log, place: Place, to: number): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const { records } of log.read(...place, 0, { to })) values.push(...valuesOf(records))
  return values
}

describe('P6: two sealed segments that change places', () => {
  for (const { name, one, other } of [
    { name: 'between topics', one: A0, other: B0 },
    { name: 'between partitions', one: A0, other: A1 },
  ]) {
    test(`${name} are named and not served, the rest is`, async () => {
      await write()
      const [file, second] = [segments(one)[1]!, segments(other)[1]!]
      swap(file, second)
      const log = await open()
      for (const [place, path] of [
        [one, file],
        [other, second],
      ] as const) {
        expect(await contents(log, ...place)).toEqual([
          'v0',
          'v1',
          { file: path, offset: 2 },
          'v4',
          'v5',
          'v6',
          'v7',
        ])
        const [{ offset } = { offset: -1 }] = await log.append(
          place[0],
          numbered(1, { partition: place[1] }, 8),
        )
        expect(offset).toBe(8)
      }
      for (const place of PLACES.filter((at) => at !== one && at !== other)) {
        expect(await contents(log, ...place)).toEqual(VALUES)
      }
    })
  }

  test('with their indexes, so that nothing beside them says so', async () => {
    await write()
    for (const suffix of ['.log', '.index']) {
      swap(
        segments(['a', 0])[1]!.replace('.log', suffix),
        segments(['b', 0])[1]!.replace('.log', suffix),
      )
    }
    const log = await open()
    expect(await contents(log, 'b', 0)).toEqual([
      'v0',
      'v1',
      expect.objectContaining({ offset: 2 }),
      'v4',
      'v5',
      'v6',
      'v7',
    ])
  })
})

test('P6: a segment under another name is named and not served', async () => {
  await write()
  const [first, second] = segments(['a', 0])
  copyFileSync(first!, second!)
  expect(await contents(await open(), 'a', 0)).toEqual([
    'v0',
    'v1',
    { file: second, offset: 2 },
    'v4',
    'v5',
    'v6',
    'v7',
  ])
})

test('an index of another segment is built again', async () => {
  await write()
  const index = (topic: string): string => segments([topic, 0])[1]!.replace('.log', '.index')
  swap(index('a'), index('b'))
  expect(await contents(await open(), 'a', 0)).toEqual(VALUES)
})

describe('last segments that change places', () => {
  test('after an orderly close are named, and appends go on behind them', async () => {
    await write()
    const [file, other] = [segments(['a', 0]).at(-1)!, segments(['b', 0]).at(-1)!]
    swap(file, other)
    const log = await open()
    expect(await log.append('a', numbered(1, { partition: 0 }, 8))).toEqual([
      { partition: 0, offset: 8 },
    ])
    expect(await contents(log, 'a', 0)).toEqual([
      'v0',
      'v1',
      'v2',
      'v3',
      'v4',
      'v5',
      { file, offset: 6 },
      'v8',
    ])
    await log.close()
    swap(file, other)
    expect(await contents(await open(), 'a', 0)).toEqual([...VALUES, 'v8'])
  })

  test('after a crash are refused with what comes behind them, until they are back', async () => {
    await write()
    rmSync(join(dir, 'clean.json'))
    const [file, other] = [segments(['a', 0]).at(-1)!, segments(['b', 0]).at(-1)!]
    swap(file, other)
    let log = await open()
    const named = { code: 'LOG_CORRUPT', details: { file, offset: 6 } }
    await expect(log.append('a', numbered(1, { partition: 0 }, 8))).rejects.toMatchObject(named)
    await expect(readAll(log, 'a', 0, 6)).rejects.toMatchObject(named)
    expect(await upTo(log, ['a', 0], 6)).toEqual(VALUES.slice(0, 6))
    expect(await contents(log, 'a', 1)).toEqual(VALUES)
    await log.append('a', numbered(1, { partition: 1 }, 8))
    await log.close()
    swap(file, other)
    log = await open()
    await log.append('a', numbered(1, { partition: 0 }, 8))
    expect(await contents(log, 'a', 0)).toEqual([...VALUES, 'v8'])
    expect(await contents(log, 'b', 0)).toEqual(VALUES)
  })

  test('of which one was empty, make room for it', async () => {
    const before = await open()
    await before.createTopic({ name: 'a' })
    await before.createTopic({ name: 'b' })
    await before.append('b', numbered(2))
    await before.close()
    const [empty, full] = [segments(['a', 0])[0]!, segments(['b', 0])[0]!]
    swap(empty, full)
    const log = await open()
    await log.append('a', numbered(1))
    expect(await contents(log, 'a', 0)).toEqual(['v0'])
    expect(readdirSync(folder('a', 0))).toContain('00000000000000000000.log.misplaced')
    expect(await contents(log, 'b', 0)).toEqual([{ file: full, offset: 0 }])
  })
})

test('descriptions of topics that change places stop these topics and no other', async () => {
  await write()
  const log = await open()
  await log.createTopic({ name: 'c' })
  await log.append('c', numbered(1))
  await log.close()
  swap(join(dir, 'topics/a/topic.json'), join(dir, 'topics/b/topic.json'))
  const again = await open()
  for (const topic of ['a', 'b']) {
    const file = join(dir, 'topics', topic, 'topic.json')
    await expect(again.append(topic, numbered(1))).rejects.toMatchObject({
      code: 'LOG_CORRUPT',
      details: { file },
    })
  }
  expect(await contents(again, 'c', 0)).toEqual(['v0'])
})

/** The folder as format 1 had it: no headers, no format in the descriptions, indexes of another layout. */
function makeOld(): void {
  rmSync(join(dir, 'FORMAT.copy'))
  writeFileSync(join(dir, 'FORMAT'), 'millrace-log 1\n')
  for (const [topic, partition] of PLACES) {
    for (const path of segments([topic, partition])) {
      writeFileSync(path, readFileSync(path).subarray(SEGMENT_HEADER_BYTES))
      rmSync(path.replace('.log', '.index'), { force: true })
    }
    const path = join(dir, 'topics', topic, 'topic.json')
    const { format: _, ...described } = JSON.parse(readFileSync(path, 'utf8').split('\n')[0]!) as {
      format: number
    }
    const line = JSON.stringify(described)
    writeFileSync(path, `${line}\n${checksum(line)}\n`)
  }
}

describe('P22: a folder of format 1', () => {
  test('opens with all its records, goes on, and names what is written from then on', async () => {
    await write()
    makeOld()
    for (let opening = 0; opening < 3; opening++) {
      const log = await open()
      for (const place of PLACES) {
        expect((await contents(log, ...place)).slice(0, RECORDS)).toEqual(VALUES)
        await log.append(place[0], numbered(2, { partition: place[1] }, RECORDS + 2 * opening))
      }
      await log.close()
    }
    expect(readFileSync(join(dir, 'FORMAT'), 'utf8')).toMatch(/^millrace-log 2 [0-9a-f]{8}\n$/)
    const [file, other] = [segments(['a', 0]).at(-2)!, segments(['b', 0]).at(-2)!]
    swap(file, other)
    expect(await contents(await open(), 'a', 0)).toContainEqual({ file, offset: 10 })
  })

  test('refuses a segment without a header among those that have one', async () => {
    await write()
    const file = segments(['a', 0])[1]!
    writeFileSync(file, readFileSync(segments(['b', 0])[1]!).subarray(SEGMENT_HEADER_BYTES))
    expect(await contents(await open(), 'a', 0)).toEqual([
      'v0',
      'v1',
      { file, offset: 2 },
      'v4',
      'v5',
      'v6',
      'v7',
    ])
  })
})

describe('the file that says the format', () => {
  for (const [name, harm] of [
    ['damaged', (path: string) => writeFileSync(path, 'millrace-log 6 00000000\n')],
    ['missing', (path: string) => rmSync(path)],
  ] as const) {
    test(`is restored when it is ${name}`, async () => {
      await write()
      for (const file of ['FORMAT', 'FORMAT.copy']) {
        const path = join(dir, file)
        const before = readFileSync(path, 'utf8')
        harm(path)
        const log = await open()
        expect(await contents(log, 'a', 0)).toEqual(VALUES)
        await log.close()
        expect(readFileSync(path, 'utf8')).toBe(before)
      }
    })
  }

  test('of format 1 is restored too, when it is damaged', async () => {
    await write()
    makeOld()
    writeFileSync(join(dir, 'FORMAT'), 'millrace-log 9\n')
    expect(await contents(await open(), 'a', 0)).toEqual(VALUES)
  })

  test('is refused with the line to write when its copy is damaged as well', async () => {
    await write()
    const whole = readFileSync(join(dir, 'FORMAT'), 'utf8')
    for (const name of ['FORMAT', 'FORMAT.copy']) writeFileSync(join(dir, name), 'x')
    const before = readdirSync(dir)
    await expect(openLog({ dir })).rejects.toMatchObject({
      code: 'LOG_CORRUPT',
      message: expect.stringContaining(whole.trim()),
    })
    expect(readdirSync(dir)).toEqual(before)
    writeFileSync(join(dir, 'FORMAT'), whole)
    expect(await contents(await open(), 'a', 0)).toEqual(VALUES)
  })
})
