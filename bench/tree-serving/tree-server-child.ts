/**
 * An app with boosted trees on a temporary folder, in a process of its own. Prints `port N` when its model serves; a line `train`
 * trains another one and is answered `trained`; ends when its standard input ends.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { buildServer, listen } from '../../src/api/index.ts'
import { classifier, defineApp, startApp, topic } from '../../src/app/index.ts'
import { makeRows } from '../made-rows.ts'
import { COLUMNS, names } from './shape.ts'

const ROWS = 20_000
const app = defineApp({
  name: 'bench',
  topics: {
    visits: topic({
      schema: z.object({
        ...Object.fromEntries(names.map((name) => [name, z.number()])),
        stays: z.boolean(),
        at: z.int(),
      }),
      eventTime: 'at',
      batch: { rows: 1_000_000 },
    }),
  },
  models: {
    stay: classifier({
      label: 'stays',
      columns: [...names],
      kind: 'boosted-trees',
      minRows: 1_000,
    }),
    // Half a minute of work.
    heavy: classifier({
      label: 'stays',
      columns: [...names],
      kind: 'boosted-trees',
      params: { trees: 1_500, maxLeaves: 63, learningRate: 0.02 },
      minRows: 1_000,
    }),
  },
})

const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
const running = await startApp(app, { dataDir, training: false })
const server = buildServer(running)
const { values, label } = makeRows(ROWS, COLUMNS, 1)
for (let from = 0; from < ROWS; from += 1_000) {
  const lines = Array.from({ length: 1_000 }, (_, i) => {
    const r = from + i
    const row = Object.fromEntries(names.map((name, j) => [name, values[r * COLUMNS + j]!]))
    return `${JSON.stringify({ ...row, stays: label[r] === 1, at: 1_700_000_000_000 + r })}\n`
  })
  const answer = await server.inject({
    method: 'POST',
    url: '/v1/topics/visits/events',
    headers: { 'content-type': 'application/x-ndjson' },
    payload: lines.join(''),
  })
  if (answer.statusCode !== 202) throw new Error(answer.body)
}
await server.inject({ method: 'POST', url: '/v1/flush' })
async function train(model: string): Promise<void> {
  const [job] = await running.trainer.train({ model, trigger: 'manual', by: 'bench' })
  const done = await running.trainer.wait(job?.id ?? '')
  if (done.error) throw new Error(done.error.message)
}
await train('stay')
const url = await listen(server, { port: 0 })
console.log(`port ${new URL(url).port}`)
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'train') continue
  await train('heavy')
  console.log('trained')
}
await server.close()
await running.stop()
await rm(dataDir, { recursive: true })
