/** An app split over processes: each starts what it is told, says so, and finds what the others stored. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { classifier, defineApp, source, sql, topic } from './authoring.ts'
import type { RunningApp } from './running-app.ts'
import { checkRoles } from './roles.ts'
import { startApp } from './start-app.ts'

const app = defineApp({
  name: 'split',
  topics: {
    ratings: topic({
      key: 'userId',
      schema: z.object({
        userId: z.int(),
        movieId: z.int(),
        rating: z.number(),
        timestamp: z.int(),
      }),
      batch: { rows: 100, idle: '1h' },
    }),
  },
  features: {
    user: sql`select userId, count(*) as ratings_of_user from ratings group by userId`,
  },
  models: { like: classifier({ label: 'rating >= 4.0', features: ['user'] }) },
  sources: [
    source({
      topic: 'ratings',
      generator: { name: 'movielens', seed: 1, options: { events: 300 } },
    }),
  ],
})

let dataDir: string
let running: RunningApp | undefined

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'millrace-roles-')), 'data')
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(join(dataDir, '..'), { recursive: true, force: true })
})

async function start(...roles: string[]): Promise<RunningApp> {
  await running?.stop()
  running = await startApp(app, { dataDir, roles, broker: { port: 0 } })
  return running
}

const rating = { userId: 1, movieId: 1, rating: 5, timestamp: 1 }

test('ingest alone stores events and has no table, model or Kafka port', async () => {
  const door = await start('ingest')
  await door.routes.publish('ratings', rating)
  await expect.poll(async () => (await door.log.topic('ratings')).partitions[0]?.end).toBe(301)
  expect([door.sinks.size, door.models.size, door.broker]).toEqual([0, 0, undefined])
  const probes = await door.readiness()
  expect(probes.map(({ role, ready }) => [role, ready])).toEqual([['ingest', true]])
  const [query] = await door.readiness('query')
  expect(query).toMatchObject({ ready: false, waiting: [expect.stringContaining('roles ingest')] })
  await expect(
    door.trainer.train({ model: 'like', trigger: 'manual', by: 'test' }),
  ).rejects.toMatchObject({ code: 'APP_ROLE_NOT_STARTED' })
})

test('sink keeps the tables of what another process took, and takes and trains nothing itself', async () => {
  await (await start('ingest')).routes.publish('ratings', rating)
  await expect.poll(async () => (await running!.log.topic('ratings')).partitions[0]?.end).toBe(301)
  const tables = await start('sink')
  await tables.sinks.get('ratings')?.flush()
  expect((await tables.query.run('select count(*) from ratings')).rows).toEqual([[301]])
  await expect(tables.routes.publish('ratings', rating)).rejects.toMatchObject({
    code: 'APP_ROLE_NOT_STARTED',
    message: expect.stringContaining('ask one with ingest') as string,
  })
  await expect(tables.serving.predict('like', [{ userId: 1 }])).rejects.toMatchObject({
    code: 'APP_ROLE_NOT_STARTED',
  })
  expect(tables.trainer.jobs()).toEqual([])
  expect((await tables.readiness()).map(({ role }) => role)).toEqual(['query'])
})

test('broker alone serves Kafka clients', async () => {
  const port = await start('broker')
  expect(port.broker?.port).toBeGreaterThan(0)
  expect(await port.readiness()).toEqual([])
})

test.each([
  [['sink', 'cook'], '"cook" is not a role: use broker, ingest, sink, train, serve'],
  [[], 'no role is named'],
  [['serve'], 'serve reads the tables that sink writes: name sink too'],
  [['ingest', 'train'], 'train reads the tables that sink writes: name sink too'],
])('%j is refused: %s', (roles, reason) => {
  expect(() => checkRoles(roles)).toThrow(reason)
})
