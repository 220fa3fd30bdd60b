import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { numbered, readAll, valuesOf } from '../../../log-world.conformance.ts'
import { openLog } from '../../../open-log.ts'
import { checksum } from './durable-file.ts'
import { topicFolder } from './topic-folder.ts'

let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'millrace-folder-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const everything = (): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted()

test('P22: a folder of a newer version is refused and left as it was', async () => {
  const newer = `millrace-log 3 ${checksum('millrace-log 3')}\n`
  writeFileSync(join(dir, 'FORMAT'), newer)
  await expect(openLog({ dir })).rejects.toMatchObject({
    code: 'LOG_FORMAT_NEWER',
    message: expect.stringContaining('nothing was changed'),
  })
  expect(everything()).toEqual(['FORMAT'])
  expect(readFileSync(join(dir, 'FORMAT'), 'utf8')).toBe(newer)
})

test('a damaged description of a topic stops that topic and no other', async () => {
  let log = await openLog({ dir })
  for (const name of ['good', 'bad']) {
    await log.createTopic({ name })
    await log.append(name, numbered(2))
  }
  await log.close()
  const file = join(dir, 'topics/bad/topic.json')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('"partitions":1', '"partitions":3'))
  log = await openLog({ dir })
  expect(valuesOf(await readAll(log, 'good'))).toEqual(['v0', 'v1'])
  const corrupt = { code: 'LOG_CORRUPT', details: { file } }
  await expect(log.append('bad', numbered(1))).rejects.toMatchObject(corrupt)
  await expect(log.createTopic({ name: 'bad' })).rejects.toMatchObject(corrupt)
  await log.close()
  writeFileSync(file, text)
  log = await openLog({ dir })
  expect(valuesOf(await readAll(log, 'bad'))).toEqual(['v0', 'v1'])
  await log.close()
})

test('what a crash leaves of making and deleting topics goes at the next open', async () => {
  await (await openLog({ dir })).close()
  mkdirSync(join(dir, 'topics/++half-made/0'), { recursive: true })
  writeFileSync(join(dir, 'topics/++half-made/0/00000000000000000000.log'), 'rest')
  writeFileSync(join(dir, 'topics/.DS_Store'), '')
  const log = await openLog({ dir })
  expect(await log.topics()).toEqual([])
  expect(everything().filter((name) => name.includes('++'))).toEqual([])
  await log.close()
})

test('a folder that cannot be used is refused with its name and the reason', async () => {
  writeFileSync(join(dir, 'file'), '')
  await expect(openLog({ dir: join(dir, 'file') })).rejects.toMatchObject({
    code: 'LOG_STORAGE_FAILED',
    message: expect.stringContaining(join(dir, 'file')),
  })
})

test('folder names tell apart what a file system may not', () => {
  expect(topicFolder('ratings')).toBe('ratings')
  expect(topicFolder('Ratings')).toBe('+ratings')
  expect(topicFolder('.hidden')).toBe('+.hidden')
  const names = ['a'.repeat(249), 'A'.repeat(249), `${'A'.repeat(248)}B`, `${'A'.repeat(248)}b`]
  const folders = names.map(topicFolder)
  expect(new Set(folders.map((name) => name.toLowerCase())).size).toBe(names.length)
  for (const folder of folders) expect(folder.length).toBeLessThan(255)
})
