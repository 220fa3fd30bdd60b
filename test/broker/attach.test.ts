/** Commands in other terminals that attach to the running instance over the Kafka protocol. Runs the compiled command. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  runCommand,
  startCommand,
  type RunningCommand,
} from '../../src/cli/command-line.fixture.ts'

const APP = `
import { defineApp, topic, z } from 'millrace'
export default defineApp({
  name: 'attached',
  topics: { visits: topic({ schema: z.object({ user: z.int() }) }) },
})
`
let cwd: string
let instance: RunningCommand
let server: string[]

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i}`)

async function millrace(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, { cwd, input })
  if (code !== 0) throw new Error(`millrace ${args.join(' ')} exited with ${code}: ${stderr}`)
  return stdout
}

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-attach-')))
  writeFileSync(join(cwd, 'app.ts'), APP)
  const flags = ['--port', '0', '--broker-port', '0', '--log-level', 'error']
  instance = startCommand(['start', 'app.ts', ...flags], { cwd })
  await instance.seen(/kafka +\S+/)
  server = ['--bootstrap-server', /kafka +(\S+)/.exec(instance.output())?.[1] ?? '']
})
afterAll(async () => {
  instance.child.kill('SIGTERM')
  await instance.finished
  rmSync(cwd, { recursive: true })
})

describe('a command in another terminal', () => {
  test('S3.2: topics are created, described and deleted', async () => {
    expect(await millrace(['topics', 'create', 't', '--partitions', '2'])).toContain('2 partitions')
    for (const where of [[], server]) {
      const one = await millrace(['topics', 'describe', 't', ...where])
      expect(one).toMatch(/PARTITION +EARLIEST +END .*LEADER +REPLICAS +ISR/)
      expect(lines(one).filter((line) => / 1 +1 +1$/.test(line))).toHaveLength(2)
      expect(await millrace(['topics', 'describe', ...where])).toMatch(
        /^t: 0 records[\s\S]*visits:/,
      )
      expect(await millrace(['topics', 'list', ...where])).toMatch(/^t +2 +0/m)
    }
    await millrace(['topics', 'delete', 't', '--yes', ...server])
    await millrace(['topics', 'create', 't', '-p', '2', ...server])
    expect(await millrace(['topics', 'delete', 't', '--yes'])).toContain('is deleted')
  })

  test('S3.2, S3.13: lines of standard input are records of a topic that nobody made', async () => {
    expect(await millrace(['produce', 'lines'], 'one\ntwo\r\n\nfour')).toBe(
      'lines: 4 records stored\n',
    )
    expect(await millrace(['consume', 'lines', '--from', 'beginning', '--to-end'])).toBe(
      'one\ntwo\n\nfour\n',
    )
    await millrace(['produce', 'lines', '--key-separator', '='], 'k=v=w\n')
    const last = await millrace(['consume', 'lines', '--offset', '4', '--max', '1', '--json'])
    expect(JSON.parse(last)).toMatchObject({ key: 'k', value: 'v=w' })
    const wrong = await runCommand(['produce', 'lines', '--key-separator', '='], {
      cwd,
      input: 'a=b\nkeyless\n',
    })
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('line 2 has no "="')])
    expect(await millrace(['consume', 'lines', '--offset', '5', '--to-end'])).toBe('b\n')
  })

  test('S3.2: consume begins at an offset of every partition, or of one', async () => {
    await millrace(['topics', 'create', 'places', '-p', '2'])
    const keyed = numbers(40).map((value) => `${value}:${value}\n`)
    await millrace(['produce', 'places', '--key-separator', ':'], keyed.join(''))
    const all = ['consume', 'places', '--to-end']
    for (const where of [[], server]) {
      expect(lines(await millrace([...all, '--from-beginning', ...where]))).toHaveLength(40)
      expect(lines(await millrace([...all, '--offset', '5', ...where]))).toHaveLength(30)
      const one = [...all, '--partition', '1', '--offset', '5', '--json', ...where]
      const records = lines(await millrace(one)).map((line) => JSON.parse(line) as object)
      expect(records[0]).toMatchObject({ partition: 1, offset: 5 })
      expect(await millrace([...all, ...where])).toBe('')
      const past = await runCommand([...all, '--offset', '900', ...where], { cwd })
      expect([past.code, past.stderr]).toEqual([2, expect.stringContaining('past the end')])
    }
  })

  test('S3.3: terminals of a group share partitions, and the group goes on where it was', async () => {
    await millrace(['topics', 'create', 'shared', '-p', '2'])
    const member = ['consume', 'shared', '--group', 'Simple', '--from', 'beginning']
    const first = startCommand(member, { cwd })
    await first.seen('Simple: reading partitions 0, 1 of shared')
    const second = startCommand([...member, ...server], { cwd })
    await second.seen(/Simple: reading partition [01] of shared/)
    const keyed = numbers(100).map((value) => `${value}:${value}\n`)
    await millrace(['produce', 'shared', '--key-separator', ':'], keyed.join(''))
    const printed = (): string[] =>
      [first, second].flatMap((one) => lines(one.output()).filter((line) => /^v\d+$/.test(line)))
    await expect.poll(printed, { timeout: 20_000 }).toHaveLength(100)
    expect(new Set(printed()).size).toBe(100)
    for (const one of [first, second]) expect(one.output()).toMatch(/^v\d+$/m)
    const described = await millrace(['groups', 'describe', 'Simple'])
    expect(described).toMatch(/Simple +shared +1 +\d+ +\d+ +0 +\S+/)
    for (const one of [first, second]) {
      one.child.kill('SIGINT')
      expect((await one.finished).code).toBe(0)
    }
    await millrace(['produce', 'shared'], 'late\n')
    expect(await millrace([...member, '--to-end'])).toBe('late\n')
    expect(await millrace(['groups', 'list', ...server])).toMatch(/^Simple +0 +2 +0$/m)
    const back = ['--topic', 'shared', '--partition', '0', '--to-offset', '1', ...server]
    expect(await millrace(['groups', 'reset', 'Simple', ...back])).toMatch(/shared +0 +1$/m)
    const split = await runCommand(['consume', 'shared', '-g', 'Simple', '--offset', '3'], { cwd })
    expect([split.code, split.stderr]).toEqual([2, expect.stringContaining('groups reset')])
  })

  test('S0.2: a file row by row, its header no message; a second run keeps the topic unless told', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => `${2 + (i % 50)},${51 + i},${100 + i}`)
    writeFileSync(join(cwd, 'user_artists.csv'), ['userID,artistID,weight', ...rows].join('\n'))
    const replay = ['produce', 'user_artists.csv', '--topic', 'lastfm']
    expect(await millrace([...replay, '--rate', '5000/s', '--jitter'])).toContain('300 events')
    expect(await millrace(['topics', 'describe', 'lastfm'])).toMatch(/^lastfm: 300 records/)
    const values = await millrace(['consume', 'lastfm', '--from-beginning', '--to-end', ...server])
    expect(lines(values).map((line) => Object.values(JSON.parse(line) as object).join())).toEqual(
      rows,
    )
    expect(await millrace(replay)).toContain('were sent before')
    expect(await millrace(['topics', 'describe', 'lastfm'])).toMatch(/^lastfm: 300 records/)
    expect(await millrace([...replay, '--reset'])).toContain('300 events stored')
    expect(await millrace(['topics', 'describe', 'lastfm'])).toMatch(/^lastfm: 300 records/)
  })

  test('a file goes to any broker, with a field as key, and again and again', async () => {
    writeFileSync(join(cwd, 'users.jsonl'), '{"user":7}\n{"user":8,"big":9007199254740993}\n')
    const send = ['produce', 'users.jsonl', '--topic', 'users']
    const stored = await millrace([...send, '--key', 'user', '--loop', '--limit', '5', ...server])
    expect(stored).toContain('5 events stored')
    const read = await millrace(['consume', 'users', '--from-beginning', '--to-end', '--json'])
    const records = lines(read).map((line) => JSON.parse(line) as { key: string })
    expect(records.map(({ key }) => key)).toEqual(['7', '8', '7', '8', '7'])
    expect(read).toContain('"value":{"user":8,"big":9007199254740993}')
    const looped = await millrace([...send, '--loop', '--limit', '5', '--json'])
    expect(JSON.parse(looped)).toMatchObject({ accepted: 5, duplicates: 0 })
  })
})

describe('no broker there', () => {
  test.each([
    [['--bootstrap-server', '127.0.0.1:1'], 'refuses connections'],
    [['--bootstrap-server', 'nowhere.invalid:9092'], 'is not a known host'],
  ])('%j is named, with the command to start one', async (where, reason) => {
    for (const args of [
      ['topics', 'list'],
      ['groups', 'list'],
      ['consume', 't'],
      ['produce', 't'],
    ]) {
      const { code, stdout, stderr } = await runCommand([...args, ...where], { cwd })
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toContain(reason)
      expect(stderr).toContain('millrace start app.ts')
    }
  })

  test('a port of another protocol is told apart at once', async () => {
    const rest = /REST +http:\/\/(\S+)/.exec(instance.output())?.[1] ?? ''
    const { code, stderr } = await runCommand(['topics', 'list', '--bootstrap-server', rest], {
      cwd,
    })
    expect([code, stderr]).toEqual([1, expect.stringContaining('another protocol than Kafka')])
  })

  test('nothing runs: the command says how to start one', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'millrace-alone-'))
    for (const args of [
      ['produce', 't'],
      ['consume', 't', '--group', 'g'],
    ]) {
      const { code, stderr } = await runCommand(args, { cwd: elsewhere })
      expect([code, stderr]).toEqual([1, expect.stringContaining('millrace start app.ts')])
    }
    const typo = await runCommand(['produce', 'missing.csv'], { cwd: elsewhere })
    expect([typo.code, typo.stderr]).toEqual([2, expect.stringContaining('--topic <topic>')])
    rmSync(elsewhere, { recursive: true })
  })
})
