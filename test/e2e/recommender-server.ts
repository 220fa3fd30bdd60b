/** An app with a recommender on a temporary folder: planted tastes, a catalogue, and everything real. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import { z } from 'zod'
import {
  defineApp,
  recommender,
  startApp,
  topic,
  type RunningApp,
  type StartOptions,
} from '../../src/app/index.ts'
import { createRandom } from '../../src/kernels/index.ts'
import { buildServer } from '../../src/api/index.ts'

const listens = z.object({
  user: z.string(),
  item: z.string(),
  plays: z.number(),
  at: z.int(),
  list: z.string().optional(),
})
const items = z.object({
  item: z.string(),
  title: z.string(),
  genre: z.enum(['rock', 'jazz']),
  year: z.int(),
  hidden: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
})

const recommenderApp = defineApp({
  name: 'shop',
  topics: {
    listens: topic({ schema: listens, key: 'user', eventTime: 'at', batch: { rows: 100_000 } }),
    items: topic({ schema: items, key: 'item', batch: { rows: 100_000 } }),
  },
  models: {
    music: recommender({
      from: 'listens',
      user: 'user',
      item: 'item',
      value: 'plays',
      combine: 'sum',
      catalog: { from: 'items' },
      attribution: 'list',
      scenarios: {
        jazz: { filter: "genre = 'jazz'", diversity: 0.3 },
        try: { explore: 0.5 },
      },
      kind: 'als',
      params: { factors: 16 },
    }),
  },
})

export const DAY = 86_400_000
export const START = Date.UTC(2026, 0, 1)
export const ITEMS = 60
const USERS = 80

export const itemName = (number: number): string => `i${String(number).padStart(2, '0')}`

export interface Listen {
  readonly user: string
  readonly item: string
  readonly plays: number
  readonly at: number
}

/** Even users like even items (rock), odd ones odd items (jazz): nine listens in ten. */
export function plantedListens(): Listen[] {
  const random = createRandom(5)
  return Array.from({ length: USERS }, (_, user) => user).flatMap((user) =>
    Array.from({ length: 25 }, (_, n) => {
      const isOwn = random.uniform() < 0.9
      const parity = isOwn ? user % 2 : 1 - (user % 2)
      // Low numbers are popular.
      const number = 2 * Math.floor((ITEMS / 2) * random.uniform() ** 1.5) + parity
      const at = START + n * DAY + user
      return { user: `u${user}`, item: itemName(number), plays: 1 + random.int(20), at }
    }),
  )
}

export const catalogue = Array.from({ length: ITEMS }, (_, number) => ({
  item: itemName(number),
  title: `Song ${number}`,
  genre: number % 2 === 0 ? 'rock' : 'jazz',
  year: 1960 + number,
}))

export interface RecommenderServer {
  readonly app: RunningApp
  readonly dataDir: string
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<LightMyRequestResponse>
  /** Serves on a port that the system chooses; resolves to the base URL. */
  listen(): Promise<string>
  /** Publishes, and waits until the histories have it. */
  send(topic: 'listens' | 'items', events: readonly unknown[]): Promise<void>
  /** One training of everything so far; resolves to the version when it serves. */
  train(): Promise<number | undefined>
  stop(keep?: boolean): Promise<void>
}

export async function startRecommenderServer(
  options: Partial<StartOptions> = {},
): Promise<RecommenderServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'millrace-recommender-')))
  const app = await startApp(recommenderApp, { training: false, ...options, dataDir })
  const server = buildServer(app)
  const call: RecommenderServer['call'] = (method, url, body) =>
    server.inject({
      method,
      url,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, payload: JSON.stringify(body) }),
    })
  return {
    app,
    dataDir,
    call,
    listen: () => server.listen({ port: 0, host: '127.0.0.1' }),
    async send(name, events) {
      const answer = await server.inject({
        method: 'POST',
        url: `/v1/topics/${name}/events`,
        headers: { 'content-type': 'application/x-ndjson' },
        payload: events.map((event) => `${JSON.stringify(event)}\n`).join(''),
      })
      if (answer.statusCode !== 202) throw new Error(answer.body)
      await app.recommendations.refresh()
    },
    async train() {
      await call('POST', '/v1/flush')
      const [job] = await app.trainer.train({ model: 'music', trigger: 'manual', by: 'test' })
      const done = await app.trainer.wait(job?.id ?? '')
      if (done.error) throw new Error(done.error.message)
      await app.recommendations.settled()
      return done.version
    },
    async stop(keep = false) {
      await server.close()
      await app.stop()
      if (!keep) await rm(dataDir, { recursive: true })
    },
  }
}

/** With the catalogue, everybody's listens and a first version. */
export async function startTrainedServer(): Promise<RecommenderServer> {
  const server = await startRecommenderServer()
  await server.send('items', catalogue)
  await server.send('listens', plantedListens())
  const version = await server.train()
  if (version !== 1) throw new Error(`the first training gave version ${version}`)
  return server
}
