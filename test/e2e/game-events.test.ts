/** S1: the example game-events from an empty folder, as a reader starts it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { read } from '../house/sources.ts'
import { sqlRows } from './example.ts'
import { gameEventsJourney } from './game-events-journey.ts'
import { getJson, postJson, startInstance, type Instance } from './instance.ts'

describe('examples/game-events', () => {
  let dataDir = ''
  // Hooks run from the last to the first: the instance ends before its folder goes.
  afterAll(() => rm(dataDir, { recursive: true, force: true }))
  gameEventsJourney(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-game-events-'))
    return { dataDir }
  })
})

describe('a type that a reader adds', () => {
  let folder = ''
  let instance: Instance | undefined
  afterAll(async () => {
    await instance?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it("S1.2: the README's lines add a type with a required colour, without a handler", async () => {
    const [column = '', type = ''] = [
      ...read('examples/game-events/README.md').matchAll(/```ts\n([^]*?)```/g),
    ].map(([, code]) => code)
    const added = (column + type).trimEnd().split('\n')
    assert.ok(added.length <= 8, `${added.length} lines`)
    assert.doesNotMatch(column + type, /handler|=>|function/)
    const app = read('examples/game-events/app.ts')
      .replace('schema: z.object({\n', (at) => at + column)
      .replace('  events: {\n', (at) => at + type)
    folder = await mkdtemp(join(tmpdir(), 'millrace-shield-'))
    await writeFile(join(folder, 'app.ts'), app)
    instance = await startInstance({ dataDir: join(folder, 'data'), app: join(folder, 'app.ts') })
    const { url } = instance
    const made = await fetch(`${url}/purchase_a_shield?color=red`)
    assert.deepEqual([made.status, await made.text()], [200, '\nShield Purchased!\n'])
    const refused = await fetch(`${url}/purchase_a_shield`)
    assert.equal(refused.status, 422)
    assert.match(await refused.text(), /"path":"query\/color"/)
    const posted = await postJson(url, '/events/purchase_shield', { color: 'blue' })
    assert.equal(posted.status, 202)
    const missing = await postJson(url, '/events/purchase_shield', {})
    assert.equal(missing.status, 422)
    assert.match(JSON.stringify(missing.body), /"path":"\/color"/)
    const { paths } = await getJson<{ paths: Record<string, unknown> }>(url, '/openapi.json')
    assert.ok('/purchase_a_shield' in paths && '/events/purchase_shield' in paths)
    assert.deepEqual(
      await sqlRows(url, 'select event_type, color from game_events order by _offset'),
      [
        ['purchase_shield', 'red'],
        ['purchase_shield', 'blue'],
      ],
    )
  })
})
