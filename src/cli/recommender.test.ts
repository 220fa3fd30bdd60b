/** The commands about a recommender, by the compiled command alone, beside the REST answers that they show. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BecauseAnswer, ListAnswer, VersionAnswer } from '../api/index.ts'
import { plantedListens } from '../../test/e2e/recommender-server.ts'
import { runCommand, startCommand, type RunningCommand } from './command-line.fixture.ts'

const APP = `
import { defineApp, recommender, topic, z } from 'millrace'

export default defineApp({
  name: 'lists',
  topics: {
    listens: topic({
      key: 'user',
      eventTime: 'at',
      batch: { rows: 1000 },
      schema: z.object({ user: z.string(), item: z.string(), plays: z.number(), at: z.int() }),
    }),
  },
  models: {
    music: recommender({
      from: 'listens', user: 'user', item: 'item', value: 'plays', combine: 'sum',
      params: { factors: 16, iterations: 5 },
    }),
  },
})
`

let cwd: string
let running: RunningCommand
let url: string
const millrace = (...args: string[]) => runCommand(args, { cwd })
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await millrace(...args, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as T
}
const rest = async <T>(path: string): Promise<T> => (await (await fetch(url + path)).json()) as T
const withoutId = ({ recommendationId: _id, ...list }: ListAnswer) => list

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-lists-')))
  writeFileSync(join(cwd, 'app.ts'), APP)
  const env = { LOG_LEVEL: 'error' }
  running = startCommand(['start', 'app.ts', '--port', '0', '--broker-port', '0'], { cwd, env })
  await running.seen(/http:\/\/127\.0\.0\.1:\d+/)
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(running.output())?.[0] ?? ''
  writeFileSync(
    join(cwd, 'listens.ndjson'),
    plantedListens()
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(''),
  )
  const sent = await millrace('produce', 'listens.ndjson', '--topic', 'listens')
  expect(sent.code, sent.stderr).toBe(0)
  const [version] = await json<VersionAnswer[]>('train', 'music')
  expect(version?.gate).toMatchObject({ passed: true })
}, 120_000)
afterAll(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  rmSync(cwd, { recursive: true, force: true })
})

test('recommend shows the list of a user as REST answers it, and what stands in for a stranger', async () => {
  const [list] = [await json<ListAnswer>('recommend', 'u1', '--limit', '5')]
  expect(list.items).toHaveLength(5)
  const same = await rest<ListAnswer>('/v1/recommendations/u1?limit=5')
  expect(withoutId(list)).toEqual(withoutId(same))
  const first = list.items[0]?.item ?? ''
  const text = await millrace('recommend', 'u1', '--limit', '5', '--model', 'music@1')
  expect(text.stdout).toMatch(new RegExp(`ITEM +SCORE +SOURCE.*\\n${first} `))
  expect(text.stderr).toContain('by music@1')
  const known = await json<ListAnswer>('recommend', 'u1', '--include-known', '--trace')
  expect(known.trace?.rules).toEqual([])
  const filtered = await json<ListAnswer>('recommend', 'u1', '--filter', '_users >= 3')
  expect(filtered.items.length).toBeGreaterThan(0)
  const stranger = await millrace('recommend', 'nobody at all/%')
  expect([stranger.code, stranger.stdout]).toEqual([0, expect.stringContaining('trending')])
  expect(stranger.stderr).toContain('nothing that the model knows is known of this user')
})

test('similar and explain show what REST answers; contributions sum to the score', async () => {
  const list = await json<ListAnswer>('recommend', 'u1', '--limit', '1')
  const item = list.items[0]?.item ?? ''
  const similar = await json<ListAnswer>('similar', item, '--limit', '5')
  expect(similar.items).toHaveLength(5)
  expect(similar.items.some((one) => one.item === item)).toBe(false)
  const because = await json<BecauseAnswer>('explain', 'u1', item, '--limit', '10000')
  const sum = because.contributions.reduce((all, one) => all + one.contribution, because.base)
  expect(sum).toBeCloseTo(list.items[0]?.score ?? 0, 4)
  const text = await millrace('explain', 'u1', item, '--limit', '1')
  expect(text.stdout.trim().split('\n')).toHaveLength(3)
  expect(text.stdout).toContain(`${item} for u1: score`)
})

test('tune searches within its trials, and the best makes a version', async () => {
  const version = await json<VersionAnswer>('tune', 'music', '--trials', '2', '--time', '60s')
  expect(version.version).toBe(2)
  expect(version.search?.trials).toHaveLength(3)
  expect(version.search?.metric).toBe('ndcg@10')
  expect(version.search?.trials[0]?.params).toEqual({ factors: 16, iterations: 5 })
  const scores = version.search?.trials.map(({ score = -1 }) => score) ?? []
  expect(scores[version.search?.chosen ?? 0]).toBe(Math.max(...scores))
  const after = await rest<{ spec?: object; search?: object; trigger?: string }>(
    '/v1/models/music/versions/2',
  )
  expect(after).toMatchObject({ lineage: { trigger: 'tune' } })
  // Of this training alone: the next one by hand searches for nothing.
  const [next] = await json<VersionAnswer[]>('train', 'music')
  expect(next?.search).toBeUndefined()
}, 60_000)

test.each([
  [['recommend', 'u1', '--filter', 'year >'], 1, 'ends too early at character 7'],
  [['recommend', 'u1', '--limit', '0'], 2, '--limit'],
  [['recommend', 'u1', '--model', 'nothing'], 1, 'there is no recommender "nothing"'],
  [['similar', 'no such item'], 1, 'no such item'],
  [['explain', 'u1'], 2, 'item'],
  [['tune', 'nothing'], 1, 'nothing'],
  [['tune', 'music', '--time', '0s'], 1, 'time'],
])('millrace %j exits %i and says why', async (args, code, text) => {
  const finished = await millrace(...args)
  expect([finished.code, finished.stdout]).toEqual([code, ''])
  expect(finished.stderr).toContain(text)
})
