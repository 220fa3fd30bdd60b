/**
 * What the compiler must refuse. Each `@ts-expect-error` fails `npm run types` when the mistake below it compiles; the
 * same mistakes, made in plain JavaScript, are refused when the process starts.
 */
import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  classifier,
  clusterer,
  cumulative,
  day,
  defineApp,
  notWorse,
  regressor,
  route,
  source,
  sql,
  topic,
} from '../../src/index.ts'

const ratings = z.object({ userId: z.int(), rating: z.number(), timestamp: z.int() })
const features = {
  user: sql`select userId, count(*) as user_count from ratings group by userId`,
}

test('a wrong key or event time does not compile', () => {
  // @ts-expect-error: "userID" is no field of the schema
  topic({ schema: ratings, key: 'userID' })
  // @ts-expect-error: "time" is no field of the schema
  topic({ schema: ratings, eventTime: 'time' })
  // @ts-expect-error: a duration is a number and a unit
  topic({ schema: ratings, batch: { idle: '30 seconds' } })
  expect(topic({ schema: ratings, key: 'userId', eventTime: 'timestamp' }).key).toBe('userId')
})

test('a partition column of no field does not compile', () => {
  // @ts-expect-error: "event" is no field of the schema
  topic({ schema: ratings, table: { partitionBy: ['event'] } })
  // @ts-expect-error: "time" is no field of the schema
  topic({ schema: ratings, table: { partitionBy: [day('time')] } })
  const { table } = topic({
    schema: ratings,
    table: { partitionBy: ['userId', '_type', day('timestamp'), day('_timestamp', { as: 'd' })] },
  })
  expect(table).toMatchObject({ partitionBy: { length: 4 } })
})

test('trap 1: a wrong feature, table or topic name does not compile and is refused at the start', () => {
  const topics = { ratings: topic({ schema: ratings }) }
  expect(() =>
    defineApp({
      name: 'a',
      topics,
      features,
      // @ts-expect-error: "usr" is no feature view
      models: { like: classifier({ label: 'rating >= 4', features: ['usr'] }) },
    }),
  ).toThrow('models.like.features[0]: "usr" is no feature view of the app: use "user"')
  expect(() =>
    defineApp({
      name: 'a',
      topics,
      features,
      // @ts-expect-error: "rating" is no topic
      models: { like: classifier({ label: 'rating >= 4', features: ['user'], from: 'rating' }) },
    }),
  ).toThrow('models.like.from: "rating" is no table of the app: use "ratings"')
  expect(() =>
    defineApp({
      name: 'a',
      topics,
      features,
      // @ts-expect-error: "movie" is no feature view
      models: { segments: clusterer({ entity: 'movie' }) },
    }),
  ).toThrow('models.segments.entity')
  expect(() =>
    // @ts-expect-error: "rating" is no topic
    defineApp({ name: 'a', topics, sources: [source({ topic: 'rating', file: 'r.csv' })] }),
  ).toThrow('sources[0].topic')
})

test('a gate names metrics that exist', () => {
  // @ts-expect-error: "aucc" is no metric
  classifier({ label: 'rating >= 4', gate: { aucc: notWorse(0.01) } })
  // @ts-expect-error: a clusterer has no label
  clusterer({ entity: 'user', label: 'rating' })
  expect(regressor({ label: 'rating', gate: { rmse: notWorse(0.01) } }).gate.rmse.margin).toBe(0.01)
})

test('a route handler sees the types of its schemas', () => {
  const declared = route({
    method: 'POST',
    path: '/echo/:id',
    summary: 'Answers the body.',
    params: z.object({ id: z.coerce.number() }),
    body: z.object({ userId: z.int() }),
    answer: z.object({ sum: z.number() }),
    handler: async ({ params, body }) => {
      // @ts-expect-error: the body has no such field
      void body.movieId
      return { sum: params.id + body.userId }
    },
  })
  expect(declared.path).toBe('/echo/:id')
})

test('an app without a mistake compiles and comes back as it is', () => {
  const app = defineApp({
    name: 'movielens',
    topics: {
      ratings: topic({ schema: ratings, key: 'userId', batch: { rows: 1000, idle: '30s' } }),
    },
    features,
    models: {
      like: classifier({ label: 'rating >= 4', features: ['user'], set: cumulative(3) }),
      segments: clusterer({ entity: 'user', k: 5 }),
    },
    sources: [source({ topic: 'ratings', file: 'ratings.csv' })],
  })
  expect(app.models?.['like']).toMatchObject({ features: ['user'] })
})
