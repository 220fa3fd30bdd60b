/**
 * An app with a recommender on a temporary folder, in a process of its own. Prints `port N` when its model serves; on `train` from
 * its standard input it trains a second model in the background and prints `trained`; ends when the input ends.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type * as api from '../../src/api/index.ts'
import type * as apps from '../../src/app/index.ts'
import { makeMatrix } from '../als-train/matrix.ts'
import { CATALOGUE } from './catalogue.ts'

// What users run: from source, the loader names every function anew each time it is made.
const built = (room: string): string => new URL(`../../dist/${room}/index.js`, import.meta.url).href
const { buildServer, listen } = (await import(built('api'))) as typeof api
const { defineApp, recommender, startApp, topic } = (await import(built('app'))) as typeof apps

const FACTORS = 64
const EVENTS_A_REQUEST = 10_000

const listens = topic({
  schema: z.object({ user: z.string(), item: z.string(), at: z.int() }),
  key: 'user',
  eventTime: 'at',
  batch: { rows: 1_000_000 },
})
const model = (params: Record<string, number | string>) =>
  recommender({
    from: 'listens',
    user: 'user',
    item: 'item',
    combine: 'last',
    kind: 'als',
    params,
  })
const app = defineApp({
  name: 'bench',
  topics: { listens },
  models: {
    music: model({ factors: FACTORS, iterations: 5 }),
    // About half a minute of work.
    heavy: model({ factors: 128, iterations: 60 }),
  },
})

async function train(running: apps.RunningApp, name: string): Promise<void> {
  const [job] = await running.trainer.train({ model: name, trigger: 'manual', by: 'bench' })
  const done = await running.trainer.wait(job?.id ?? '')
  if (done.error) throw new Error(done.error.message)
}

const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
const running = await startApp(app, { dataDir, training: false })
const server = buildServer(running)
const matrix = makeMatrix(CATALOGUE, 1)
const users = Array.from({ length: matrix.rows }, (_, user) => user)
let lines: string[] = []
const send = async (): Promise<void> => {
  const answer = await server.inject({
    method: 'POST',
    url: '/v1/topics/listens/events',
    headers: { 'content-type': 'application/x-ndjson' },
    payload: lines.join(''),
  })
  if (answer.statusCode !== 202) throw new Error(answer.body)
  lines = []
}
for (const user of users) {
  for (const item of matrix.column.subarray(matrix.start[user], matrix.start[user + 1]))
    lines.push(`{"user":"u${user}","item":"i${item}","at":${1_700_000_000_000 + user}}\n`)
  if (lines.length >= EVENTS_A_REQUEST) await send()
}
await send()
await running.recommendations.refresh()
await server.inject({ method: 'POST', url: '/v1/flush' })
await train(running, 'music')
await running.recommendations.settled()
const url = await listen(server, { port: 0 })
console.log(`port ${new URL(url).port}`)
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'train') continue
  await train(running, 'heavy')
  console.log('trained')
}
await server.close()
await running.stop()
await rm(dataDir, { recursive: true })
