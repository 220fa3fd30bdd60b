import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'vitest'
import { filesUnder, read, root } from './sources.ts'

const everything = filesUnder('', (path) => /\.(ts|md|json|ya?ml|js)$/.test(path)).filter(
  (path) => path !== 'package-lock.json' && !path.startsWith('test/house/'),
)

describe('texts', () => {
  it('no unfinished marks', () => {
    const mark = /\b(FIXME|TODO|XXX|HACK)\b/
    assert.deepEqual(
      everything.filter((path) => mark.test(read(path))),
      [],
      'finish it, or open an issue and say so in words',
    )
  })

  it('no focused or silently skipped tests', () => {
    const focused = /\b(?:it|describe|test)\.(?:only|skip|todo)\(/
    const found = everything.filter((path) => path.endsWith('.test.ts') && focused.test(read(path)))
    assert.deepEqual(found, [], 'a skip states its reason: use skipIf with a message')
  })

  it('links between Markdown files lead somewhere', () => {
    const broken = everything
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
          .map((match) => match[1] ?? '')
          .filter((link) => !existsSync(join(root, dirname(path), link)))
          .map((link) => `${path}: ${link}`),
      )
    assert.deepEqual(broken, [])
  })

  it('each room has a README', () => {
    const rooms = filesUnder('src', (path) => /^src\/[a-z]+\/index\.ts$/.test(path))
    const missing = rooms
      .map((path) => `${dirname(path)}/README.md`)
      .filter((path) => !existsSync(join(root, path)))
    assert.deepEqual(missing, [], 'half a page: what, why, guarantees, which file to open first')
  })
})
