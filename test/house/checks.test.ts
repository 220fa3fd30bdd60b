import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { filesUnder, read, root } from './sources.ts'

const ID = /^(?:S[0-4]\.\d+|trap \d+|[CHP]\d+)$/
const rows = read('docs/checks.md')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => ID.test(cells[1] ?? ''))
  .map(([, id = '', , files = '']) => ({
    id,
    files: [...files.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
  }))

/** The ids that begin the titles of a file's tests: `test('S4.2, trap 3: …`. */
function idsIn(path: string): string[] {
  const titles = read(path).matchAll(/['"`]((?:(?:S[0-4]\.\d+|trap \d+|[A-Z]\d+)(?:, )?)+): /g)
  return [...titles].flatMap((match) => (match[1] ?? '').split(', ')).filter((id) => ID.test(id))
}

describe('docs/checks.md', () => {
  it('names tests whose titles begin with the id', () => {
    const wrong = rows.flatMap(({ id, files }) =>
      (files.length === 0 ? ['no test'] : files)
        .filter((path) => !existsSync(join(root, path)) || !idsIn(path).includes(id))
        .map((path) => `${id}: ${path}`),
    )
    assert.deepEqual(wrong, [], 'begin the title of the test that holds the check with its id')
  })

  it('lists every test that names an id', () => {
    const listed = new Set(rows.flatMap(({ id, files }) => files.map((path) => `${id}: ${path}`)))
    const tests = filesUnder('', (path) => /(\.test|-journey)\.ts$/.test(path)).filter(
      (path) => !path.startsWith('test/house/'),
    )
    const missing = tests
      .flatMap((path) => idsIn(path).map((id) => `${id}: ${path}`))
      .filter((entry) => !listed.has(entry))
    assert.deepEqual([...new Set(missing)], [], 'add the file to the row of docs/checks.md')
  })
})
