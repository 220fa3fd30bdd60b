import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { filesUnder, importsOf, isTest, read, root } from './sources.ts'

/** A folder whose sub-folders are variants, the catalog that lists each of them, and the suite that each one runs. */
const CATALOGS = [
  { folder: 'src/log/drivers', catalog: 'src/log/catalog.ts', suite: 'logConformance' },
  { folder: 'src/sql/engines', catalog: 'src/sql/catalog.ts', suite: 'sqlEngineConformance' },
  {
    folder: 'src/ingest/sources',
    catalog: 'src/ingest/sources/catalog.ts',
    suite: 'sourceConformance',
  },
  {
    folder: 'src/ingest/generators',
    catalog: 'src/ingest/generators/catalog.ts',
    suite: undefined,
  },
] as const

const folders = (path: string): string[] =>
  existsSync(join(root, path))
    ? readdirSync(join(root, path), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : []

const reaches = (catalog: string, folder: string): boolean =>
  importsOf(catalog).some((one) => one.target?.startsWith(`${folder}/`))

describe('catalogs', () => {
  for (const { folder, catalog, suite } of CATALOGS) {
    it(`${catalog} lists every folder of ${folder}`, () => {
      const missing = folders(folder).filter((name) => !reaches(catalog, `${folder}/${name}`))
      assert.deepEqual(missing, [], `add one lazy line per variant to ${catalog}`)
    })
    if (suite === undefined) continue
    it(`every variant of ${folder} runs ${suite}`, () => {
      const missing = folders(folder).filter(
        (name) =>
          !filesUnder(`${folder}/${name}`, isTest).some((path) => read(path).includes(suite)),
      )
      assert.deepEqual(missing, [], `call ${suite}(…) in the variant's test`)
    })
  }

  it('src/models/catalog.ts lists every model folder, and the conformance suite holds each', () => {
    const kinds = folders('src/models').filter((name) =>
      existsSync(join(root, `src/models/${name}/${name}.ts`)),
    )
    assert.ok(kinds.length >= 4, 'the models room has folders')
    const missing = kinds.filter((name) => !reaches('src/models/catalog.ts', `src/models/${name}`))
    assert.deepEqual(missing, [])
    const tests = filesUnder('src/models', isTest).map(read).join('\n')
    assert.ok(
      tests.includes('modelConformance'),
      'a test must run modelConformance over the catalog',
    )
  })

  it('src/api/routes.ts lists every endpoint file', () => {
    const files = filesUnder('src/api/routes', (path) => path.endsWith('.ts') && !isTest(path))
    const listed = new Set(importsOf('src/api/routes.ts').map((one) => one.target))
    const missing = files.filter((path) => !listed.has(path))
    assert.deepEqual(missing, [], 'one line per endpoint in src/api/routes.ts')
  })

  it('src/cli/commands.ts lists every command file', () => {
    const files = filesUnder('src/cli/commands', (path) => path.endsWith('.ts') && !isTest(path))
    const listed = new Set(importsOf('src/cli/commands.ts').map((one) => one.target))
    const missing = files.filter((path) => !listed.has(path))
    assert.deepEqual(missing, [], 'one line per command in src/cli/commands.ts')
  })
})
