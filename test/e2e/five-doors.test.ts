/** Each example from an empty folder to its main result within a minute, as `npm start -w examples/<name>` gives it. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import { root } from '../house/sources.ts'
import { assertInTime, EXAMPLES, firstResult, PATIENCE_S } from './first-results.ts'

const DATA = process.env['MILLRACE_TEST_DATA'] ?? ''
/** Genuine files that an example takes by `--data`. */
const GENUINE = [
  ['movielens', 'ml-latest-small'],
  ['lastfm', 'hetrec2011-lastfm-2k'],
] as const
const LIMIT_MS = 3 * PATIENCE_S * 1_000

describe('from an empty folder', () => {
  let folder: string
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const first = async (name: string, args: readonly string[] = []): Promise<void> => {
    folder = await mkdtemp(join(tmpdir(), `millrace-${name}-first-`))
    const seconds = await firstResult(name, { dataDir: join(folder, 'data') }, args)
    process.stdout.write(`${name}: main result after ${seconds.toFixed(1)} s\n`)
    assertInTime(name, seconds)
  }

  it('covers every example', async () => {
    folder = ''
    assert.deepEqual((await readdir(join(root, 'examples'))).toSorted(), EXAMPLES.toSorted())
  })

  it.each(EXAMPLES)('%s gives its main result within a minute', (name) => first(name), LIMIT_MS)

  for (const [name, files] of GENUINE) {
    const data = join(DATA, files)
    it.skipIf(DATA === '' || !existsSync(data))(
      `${name} does so on the genuine ${files} (needs MILLRACE_TEST_DATA)`,
      () => first(name, ['--data', data]),
      LIMIT_MS,
    )
  }
})
