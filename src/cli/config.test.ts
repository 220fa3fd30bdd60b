/** One file of settings, overridden by variables and flags; a wrong key says where it stands and what was meant. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from './command-line.fixture.ts'

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'millrace-config-'))
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const appWith = (key: string): string => `import { defineApp, topic, z } from 'millrace'

export default defineApp({
  name: 'plays',
  port: 6000,
  topics: {
    plays: topic({
      schema: z.object({ user: z.int() }),
      ${key}: { rows: 200, idle: '5s' },
    }),
  },
})
`

test('S2.2: config show prints each value and its origin; a flag goes before a variable before the file', async () => {
  writeFileSync(join(cwd, 'app.ts'), appWith('batch'))
  const show = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { stdout, stderr, code } = await runCommand(['config', 'show', ...args], { cwd, env })
    expect([code, stderr]).toEqual([0, expect.any(String)])
    return stdout
  }
  const plain = await show(['app.ts'])
  expect(plain).toMatch(/^SETTING +VALUE +FROM\n/)
  expect(plain).toMatch(/\nport +6000 +app\.ts\n/)
  expect(plain).toMatch(/\nbroker-port +9092 +default\n/)
  expect(plain).toMatch(/\ntopics\.plays\.batch\.rows +200 +app\.ts\n/)
  const env = { PORT: '7000', MILLRACE_BROKER_PORT: '9393' }
  const changed = await show(['app.ts', '--port', '7100'], env)
  expect(changed).toMatch(/\nport +7100 +--port\n/)
  expect(changed).toMatch(/\nbroker-port +9393 +MILLRACE_BROKER_PORT\n/)
  expect(await show(['app.ts'], env)).toMatch(/\nport +7000 +PORT\n/)
})

test('S2.2: a wrong key is an error with file, line and the nearest key', async () => {
  writeFileSync(join(cwd, 'wrong.ts'), appWith('bacth'))
  const { code, stderr } = await runCommand(['config', 'show', 'wrong.ts'], { cwd })
  expect(code).not.toBe(0)
  expect(stderr).toMatch(
    /wrong\.ts:9: .*topics\.plays\.bacth: is no setting: did you mean "batch"\?/,
  )
})
