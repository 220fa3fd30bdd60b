/** A small real app on a temporary folder, for the tests of this room. Nothing in it is a stand-in. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { z } from 'zod'
import {
  classifier,
  clusterer,
  defineApp,
  regressor,
  route,
  sql,
  startApp,
  topic,
  type AppDefinition,
  type RunningApp,
  type StartOptions,
} from '../app/index.ts'
import { buildServer, type ServerOptions } from './index.ts'

/** Topics that note what happened at the door: no event lies in them. */
const NOTES = new Set(['__millrace-sequences', '__millrace-ledger'])

const pair = z.strictObject({ userId: z.int(), movieId: z.int() })

export const smallApp = defineApp({
  name: 'small',
  topics: {
    ratings: topic({
      key: 'userId',
      eventTime: 'timestamp',
      partitions: 2,
      batch: { rows: 10_000 },
      schema: z.object({
        userId: z.int().min(1),
        movieId: z.int().min(1),
        rating: z.number().min(0.5).max(5),
        timestamp: z.int().min(0),
        note: z.string().optional(),
      }),
    }),
  },
  features: {
    user: sql`select userId, count(*) as user_ratings, avg(rating) as user_mean from ratings group by userId`,
    movie: sql`select movieId, count(*) as movie_ratings, avg(rating) as movie_mean from ratings group by movieId`,
  },
  models: {
    like: classifier({ label: 'rating >= 4.0', features: ['user', 'movie'] }),
    rating: regressor({
      label: 'rating',
      kind: 'bias',
      categories: ['userId', 'movieId'],
      range: [0.5, 5],
    }),
    segments: clusterer({ entity: 'user', k: 2 }),
  },
  routes: [
    route({
      method: 'POST',
      path: '/predict_like',
      summary: 'Will they like it?',
      body: z.union([pair, z.array(pair).min(1).max(3)]),
      answer: z.array(z.looseObject({ like: z.int() })),
      handler: async ({ body }, context) => {
        const rows = Array.isArray(body) ? body : [body]
        const { predictions } = await context.predict('like', rows)
        return predictions.map(({ label }, at) => ({ ...rows[at], like: label ?? 0 }))
      },
    }),
  ],
})

export interface SmallServer {
  readonly app: RunningApp
  readonly server: FastifyInstance
  /** A request with JSON; `Host` is right unless given. */
  readonly call: (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<LightMyRequestResponse>
  /** The topics with their ends, to see that no event was stored. */
  readonly ends: () => Promise<string>
  readonly stop: () => Promise<void>
}

export async function startSmallServer(
  options: Partial<StartOptions> & { server?: ServerOptions; definition?: AppDefinition } = {},
): Promise<SmallServer> {
  const { server: serverOptions, definition = smallApp, ...startOptions } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-api-'))
  const app = await startApp(definition, { dataDir, training: false, ...startOptions })
  const server = buildServer(app, serverOptions)
  return {
    app,
    server,
    call: (method, url, body, headers = {}) => {
      const isText = typeof body === 'string' || body instanceof Uint8Array
      return server.inject({
        method,
        url,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: isText ? body : JSON.stringify(body) }),
      })
    },
    ends: async () => {
      const topics = await app.log.topics()
      const lines = topics
        .filter(({ name }) => !NOTES.has(name))
        .map(({ name, partitions }) => `${name} ${partitions.map(({ end }) => end).join(',')}`)
      return lines.toSorted().join('\n')
    },
    stop: async () => {
      await server.close()
      await app.stop()
      await rm(dataDir, { recursive: true })
    },
  }
}

export interface Rating {
  readonly userId: number
  readonly movieId: number
  readonly rating: number
  readonly timestamp: number
}

/** `count` ratings of 120 users with a planted taste: even users like even movies. Deterministic. */
export function ratings(count: number): Rating[] {
  return Array.from({ length: count }, (_, i) => {
    const userId = (i % 120) + 1
    const movieId = ((i * 7 + Math.floor(i / 120)) % 50) + 1
    const likes = userId % 2 === movieId % 2
    const rating = likes ? 4 + (i % 3) / 2 : 2 + (i % 2) / 2
    return { userId, movieId, rating, timestamp: 1_000_000 + i }
  })
}

export const ndjson = (rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('')
