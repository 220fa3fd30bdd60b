/** `millrace new` from the packed package: what a person gets who installs it, for each example. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { root } from '../house/sources.ts'
import { startExample } from './example.ts'

const run = promisify(execFile)
const examples = (await readdir(join(root, 'examples'), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const [first = 'movielens'] = examples

describe('a new project of the packed package', () => {
  let base: string
  let archive: string
  /** The environment of a person's terminal: nothing of the test's own npm. */
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config_)|INIT_CWD|VITEST|NODE_ENV)/.test(name),
    ),
  )
  const npm = (cwd: string, ...args: readonly string[]): Promise<{ stdout: string }> =>
    run('npm', [...args], { cwd, env, maxBuffer: 64 * 1024 * 1024 })

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'millrace-new-'))
    const { stdout } = await npm(
      root,
      'pack',
      '--ignore-scripts',
      '--silent',
      '--pack-destination',
      base,
    )
    archive = join(base, stdout.trim())
    await make(first)
    await npm(
      join(base, first),
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--silent',
    )
  }, 300_000)
  afterAll(() => rm(base, { recursive: true, force: true }))

  const make = (template: string): Promise<unknown> =>
    run(
      process.execPath,
      [
        join(root, 'dist/cli/main.js'),
        'new',
        template,
        '--template',
        template,
        '--package',
        `file:${archive}`,
      ],
      { cwd: base, env },
    )

  for (const template of examples) {
    it(`${template}: passes its own npm test, starts with npm start, and says what the original needed`, async () => {
      const dir = join(base, template)
      if (template !== first) {
        await make(template)
        // One installation serves them all.
        await symlink(join(base, first, 'node_modules'), join(dir, 'node_modules'))
      }
      const { stdout } = await npm(dir, 'test')
      assert.match(stdout, /pass 2\b/)
      const started = await startExample({
        name: template,
        project: dir,
        dataDir: join(base, `${template}-data`),
      })
      for (const role of ['ingest', 'query']) {
        const answer = await fetch(`${started.url}/readyz?role=${role}`)
        assert.equal(answer.status, 200, `${await answer.text()}\n${started.output()}`)
      }
      await started.stop()
      const readme = await readFile(join(dir, 'README.md'), 'utf8')
      assert.match(readme, /`npm install && npm start` runs it/)
      assert.match(readme, /## The (?:original|system|write-up|course)/)
      assert.doesNotMatch(readme, /-w examples/)
      assert.doesNotMatch(await readFile(join(dir, 'package.json'), 'utf8'), /millrace-example/)
    }, 120_000)
  }

  it('refuses a folder with something in it, and a template that is not there', async () => {
    await assert.rejects(make(first), /is not empty/)
    await assert.rejects(make('lastfn'), /no template "lastfn": use one of .*movielens/)
  })
})
