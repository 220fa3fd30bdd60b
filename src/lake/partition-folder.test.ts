import { mkdtemp, mkdir, rm, writeFile, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ColumnarRows } from '../core/index.ts'
import { folderSplitter } from './folder-splitter.ts'
import { partitionFolder } from './partition-folder.ts'

const NULL = 'v=__HIVE_DEFAULT_PARTITION__'

test.each([
  ['plain', 'v=plain'],
  ['Home', 'v=Home'],
  ['a b', 'v=a b'],
  ['a/b', 'v=a%2Fb'],
  ['../up', 'v=..%2Fup'],
  ['..', 'v=..'],
  ['a=b', 'v=a%3Db'],
  ['50%', 'v=50%25'],
  ['%2F', 'v=%252F'],
  ['a+b', 'v=a%2Bb'],
  ['it\'s "x"', 'v=it%27s %22x%22'],
  ['tab\tnew\nnul\0', 'v=tab%09new%0Anul%00'],
  ['Zürich 東京 🎸', 'v=Zürich 東京 🎸'],
  ['half \ud83c pair', 'v=half \ufffd pair'],
  [12, 'v=12'],
  [-5n, 'v=-5'],
  [true, 'v=true'],
  ['', NULL],
  ['Null', NULL],
  [null, NULL],
  ['x'.repeat(253), `v=${'x'.repeat(253)}`],
  ['x'.repeat(254), NULL],
  ['ü'.repeat(127), NULL],
] as const)('%o has the folder %s', (value, folder) => {
  expect(partitionFolder(['v'], [value], false)).toBe(folder)
})

test('where case is ignored, values that differ by case or form have folders that do not', () => {
  const values = ['a', 'A', 'é', 'É', 'e\u0301', 'NextSong', 'nextsong']
  const folders = values.map((value) => partitionFolder(['v'], [value], true))
  expect(new Set(folders.map((name) => name.normalize('NFC').toLowerCase())).size).toBe(7)
  expect(folders[1]).toBe('v=%41')
})

test('several columns are folders inside each other', () => {
  const path = partitionFolder(['day', 'page'], ['2018-12-31', 'a/b'], false)
  expect(path).toBe('day=2018-12-31/page=a%2Fb')
})

test('every folder name is one that the disk takes', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-folder-'))
  const values = Array.from({ length: 300 }, (_, code) => `${String.fromCodePoint(code)}x`)
  const folders = new Set(values.map((value) => partitionFolder(['v'], [value])))
  expect(folders.size).toBe(values.length)
  for (const folder of folders) {
    await mkdir(join(dir, folder))
    await writeFile(join(dir, folder, 'x'), '')
  }
  expect(await readdir(dir)).toHaveLength(values.length)
  await rm(dir, { recursive: true })
})

test('values beyond the limit share the common folder, those seen before keep theirs', () => {
  const splitter = folderSplitter(['v'], 2)
  const rows = (values: readonly string[]): ColumnarRows => ({
    columns: [{ name: 'v', type: 'text', nullable: true }],
    length: values.length,
    values: [values],
  })
  const folders = (values: readonly string[]) =>
    splitter.split(rows(values)).map(([folder, piece]) => [folder, piece.values[0]])
  expect(folders(['b', 'a', 'c', 'b'])).toEqual([
    [NULL, ['c']],
    ['v=a', ['a']],
    ['v=b', ['b', 'b']],
  ])
  expect(folders(['c', 'a'])).toEqual([
    [NULL, ['c']],
    ['v=a', ['a']],
  ])
  expect(splitter.rowsBeyondLimit()).toBe(2)
  expect(folders([])).toEqual([[NULL, []]])
})
