/** One app over three processes on one machine: a broker, a door, and tables; each attaches over the Kafka protocol. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  runCommand,
  startCommand,
  type RunningCommand,
} from '../../src/cli/command-line.fixture.ts'

const APP = `
import { defineApp, topic, z } from 'millrace'
export default defineApp({
  name: 'split',
  topics: { visits: topic({ schema: z.object({ user: z.int() }), batch: { rows: 2, idle: '1h' } }) },
})
`
let cwd: string
const running: RunningCommand[] = []

async function start(roles: string): Promise<string> {
  const flags = ['--port', '0', '--broker-port', '0', '--log-level', 'error']
  const command = startCommand(['start', 'app.ts', '--roles', roles, ...flags], { cwd })
  running.push(command)
  await command.seen(/REST +\S+[\s\S]*roles +/)
  return /REST +(\S+)/.exec(command.output())?.[1] ?? ''
}

beforeAll(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-split-')))
  writeFileSync(join(cwd, 'app.ts'), APP)
})
afterAll(async () => {
  for (const { child, finished } of running.toReversed()) {
    child.kill('SIGTERM')
    await finished
  }
  rmSync(cwd, { recursive: true })
})

test('a broker, a door and tables in processes of their own are one app', async () => {
  await start('broker')
  const door = await start('ingest')
  const tables = await start('sink,train,serve')
  const post = (url: string, user: unknown): Promise<Response> =>
    fetch(`${url}/v1/topics/visits/events?onError=dlq`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user }),
    })
  for (const user of [1, 'two', 3]) expect((await post(door, user)).status).toBe(202)
  const refused = await post(tables, 4)
  expect([refused.status, await refused.json()]).toEqual([
    421,
    expect.objectContaining({ code: 'APP_ROLE_NOT_STARTED' }),
  ])
  const count = ['sql', 'select count(*) as n, min(user) as first from visits', '--json']
  await expect
    .poll(async () => (await runCommand([...count, '--url', tables], { cwd })).stdout, {
      timeout: 30_000,
    })
    .toMatch(/"n": 2,\s+"first": 1/)
  const letters = ['consume', 'visits.dead-letters', '-g', 'g', '--from-beginning', '--max', '1']
  expect((await runCommand(letters, { cwd })).stdout).toBe('{"user":"two"}\n')
  expect((await fetch(`${tables}/readyz?role=query`)).status).toBe(200)
  const probe = await fetch(`${door}/readyz?role=query`)
  expect([probe.status, await probe.text()]).toEqual([503, expect.stringContaining('roles ingest')])
})

test('a whole app keeps its events on the broker of another one, bad ones too', async () => {
  const guest = APP.replace("'split'", "'guest'").replace('visits:', 'guests:')
  writeFileSync(join(cwd, 'guest.ts'), guest)
  const flags = ['--port', '0', '--log-level', 'error']
  const place = ['--data-dir', 'host', '--broker-port', '0']
  const host = startCommand(['start', 'app.ts', ...place, ...flags], { cwd })
  running.push(host)
  await host.seen(/kafka +\S+/)
  const log = `kafka://${/kafka +(\S+)/.exec(host.output())?.[1] ?? ''}`
  const whole = startCommand(['start', 'guest.ts', '--log', log, ...flags], { cwd })
  running.push(whole)
  await whole.seen(/REST +\S+/)
  const url = /REST +(\S+)/.exec(whole.output())?.[1] ?? ''
  const bootstrap = ['--bootstrap-server', log.replace('kafka://', '')]
  const events = '{"user":1}\nno JSON\n{"user":2}\n'
  await runCommand(['produce', 'guests', ...bootstrap], { cwd, input: events })
  const count = ['sql', 'select count(*) as n from guests', '--json', '--url', url]
  await expect
    .poll(async () => (await runCommand(count, { cwd })).stdout, { timeout: 30_000 })
    .toMatch(/"n": 2/)
  const letters = ['consume', 'guests.dead-letters', '--from-beginning', '--max', '1', ...bootstrap]
  expect((await runCommand(letters, { cwd })).stdout).toBe('no JSON\n')
})

test('beside a process that has every role, a second one is told how to split', async () => {
  const alone = ['start', 'app.ts', '--data-dir', 'whole', '--port', '0', '--broker-port', '0']
  const whole = startCommand([...alone, '--log-level', 'error'], { cwd })
  running.push(whole)
  await whole.seen(/kafka +\S+/)
  await expect
    .poll(async () => (await runCommand(['status', '--data-dir', 'whole'], { cwd })).code)
    .toBe(0)
  const second = await runCommand([...alone, '--roles', 'ingest'], { cwd })
  expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('--roles broker')])
  const wrong = await runCommand([...alone.slice(0, 2), '--roles', 'cook'], { cwd })
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('"cook" is not a role')])
})
