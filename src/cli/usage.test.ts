/** What holds for every command: help, exit codes, where output goes. Runs the compiled command. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { compiledEntry, packageVersion } from '../core/index.ts'
import { commands } from './commands.ts'
import { runCommand } from './command-line.fixture.ts'

const cwd = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
afterAll(() => rmSync(cwd, { recursive: true }))
const APP = fileURLToPath(new URL('../../examples/movielens/app.ts', import.meta.url))
const run = (...args: string[]) => runCommand(args, { cwd })

describe('usage', () => {
  test('help names every command and exits 0', async () => {
    const { code, stdout, stderr } = await run('--help')
    expect([code, stderr]).toEqual([0, ''])
    const words = Object.values(commands).map(({ name }) => name.split(' ')[0] ?? '')
    expect(words.filter((word) => !stdout.includes(`  ${word}`))).toEqual([])
  })

  test('a command has help with its options, --json, --url and --data-dir', async () => {
    const all = await Promise.all(
      ['start', 'sql', 'groups reset'].map(async (name) => ({
        name,
        ...(await run(...name.split(' '), '--help')),
      })),
    )
    for (const { name, code, stdout } of all) {
      expect([name, code]).toEqual([name, 0])
      for (const flag of ['--json', '--url', '--data-dir']) expect(stdout, name).toContain(flag)
    }
  })

  test.each([
    [['nothing']],
    [['topics', 'list', '--nothing']],
    [['produce']],
    [['produce', 'x.csv', '--topic', 't', '--rate', 'fast']],
    [['topics', 'create', 't', '-p', '0']],
    [['models', 'promote', 'like']],
    [['start', '--port', '99999']],
    [['batches', 'show', 'ratings', 'x']],
    [['topics', 'list', '--url', 'nonsense']],
    [['predict', 'like', '--in', 'missing.jsonl']],
    [['features', 'churn']],
    [['features', 'churn', '--as-of', '2018-02-30']],
    [['features', 'churn', '--as-of', '2018-11-15', '--horizon', 'soon']],
  ])('%j is not understood: exit 2, a reason on stderr, nothing on stdout', async (args) => {
    const { code, stdout, stderr } = await run(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/error|millrace:/)
    expect(stderr).not.toMatch(/\bat .*\.js:\d+/)
  })

  test('with nothing running, commands say what to do and exit 1', async () => {
    for (const args of [['topics', 'list'], ['status'], ['flush'], ['train', 'like']]) {
      const { code, stdout, stderr } = await run(...args)
      expect([args.join(' '), code, stdout]).toEqual([args.join(' '), 1, ''])
      expect(stderr).toContain('millrace start app.ts')
    }
  })

  test('an address where nothing listens is named, as JSON with --json', async () => {
    const { code, stderr } = await run('topics', 'list', '--json', '--url', 'http://127.0.0.1:1')
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({ code: 'CLI_UNREACHABLE' })
  })

  test('a variable of the environment that is wrong is named', async () => {
    for (const [name, args] of [
      ['PORT', ['start', APP]],
      ['MILLRACE_URL', ['topics', 'list']],
    ] as const) {
      const { code, stderr } = await runCommand(args, { cwd, env: { [name]: 'abc' } })
      expect([name, code]).toEqual([name, 2])
      expect(stderr).toContain(`${name}: "abc" is not`)
    }
  })

  test('version prints the version', async () => {
    expect((await run('version')).stdout).toBe(`${packageVersion()}\n`)
    expect((await run('--version')).stdout).toBe(`${packageVersion()}\n`)
  })

  test('a reader that leaves ends the command without a word', async () => {
    const child = spawn(
      process.execPath,
      [compiledEntry(import.meta.url, 'main.js'), 'generate', 'movielens', '--events', '50000'],
      { cwd, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let stderr = ''
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => {
      child.on('close', resolve)
    })
    expect([code, stderr]).toEqual([0, ''])
  })

  test('an app file that is none is refused with the reason', async () => {
    const { code, stderr } = await run('start', 'missing.ts')
    expect([code, stderr.includes('missing.ts')]).toEqual([1, true])
  })

  test('generate gives the same bytes for the same seed', async () => {
    const make = async (seed: string) =>
      (await run('generate', 'movielens', '--seed', seed, '--events', '200')).stdout
    const [a, b, c] = await Promise.all([make('1'), make('1'), make('2')])
    expect(a).toBe(b)
    expect(a).not.toBe(c)
    expect(a.trimEnd().split('\n')).toHaveLength(200)
  })

  test('reset leaves a folder alone that is not ours', async () => {
    const { code, stderr } = await run('reset', '--yes', '--data-dir', process.cwd())
    expect([code, stderr.includes('does not look like')]).toEqual([2, true])
  })
})
