/**
 * The main job: movie ratings arrive as a stream, and three models learn from them while they serve.
 * Compare `README.md`, which also says what the system had that this one follows.
 */
import {
  classifier,
  clusterer,
  cumulative,
  defineApp,
  notWorse,
  regressor,
  source,
  sql,
  topic,
  z,
} from 'millrace'
import { seedRoutes } from './seed-routes.ts'

const retrain = { batches: 10 }
const set = cumulative(3)

export default defineApp({
  name: 'movielens',
  port: 5000,

  topics: {
    ratings: topic({
      key: 'userId',
      eventTime: 'timestamp',
      batch: { rows: 1000, idle: '30s' },
      schema: z.object({
        userId: z.int().min(1),
        movieId: z.int().min(1),
        rating: z.number().min(0.5).max(5),
        timestamp: z.int().min(0),
        title: z.string().optional(),
      }),
    }),
    movies: topic({
      key: 'movieId',
      schema: z.object({ movieId: z.int().min(1), title: z.string(), genres: z.string() }),
    }),
  },

  // Means are drawn to the overall mean by ten ratings of 3.5, so that a user's first rating does not decide alone.
  features: {
    user: sql`
      select userId,
        count(*) as user_ratings,
        (sum(rating) + 35) / (count(*) + 10) as user_mean,
        (count(*) filter (where rating >= 4) + 5) / (count(*) + 10) as user_like_share,
        max(rating) - min(rating) as user_spread
      from ratings group by userId`,
    movie: sql`
      select movieId,
        count(*) as movie_ratings,
        (sum(rating) + 35) / (count(*) + 10) as movie_mean,
        (count(*) filter (where rating >= 4) + 5) / (count(*) + 10) as movie_like_share
      from ratings group by movieId`,
  },

  models: {
    like: classifier({
      from: 'ratings',
      label: 'rating >= 4.0',
      features: ['user', 'movie'],
      set,
      retrain,
      gate: { auc: notWorse(0.01) },
    }),
    rating: regressor({
      from: 'ratings',
      label: 'rating',
      kind: 'bias',
      categories: ['userId', 'movieId'],
      range: [0.5, 5],
      set,
      retrain,
      gate: { rmse: notWorse(0.01) },
    }),
    segments: clusterer({
      from: 'ratings',
      entity: 'user',
      k: 5,
      // Its rows are users, and the first ten batches hold a few dozen of them.
      minRows: 20,
      set,
      retrain,
      gate: { silhouette: notWorse(0.1) },
    }),
  },

  sources: [
    source({ topic: 'movies', file: 'movies.csv' }),
    source({
      topic: 'ratings',
      generator: { name: 'movielens', seed: 1 },
      file: 'ratings.csv',
      alternatives: ['ratings_small.csv'],
      rate: 2000,
      order: 'event-time',
      lookup: { file: 'movies.csv', on: 'movieId', take: ['title'] },
    }),
  ],

  routes: seedRoutes,
})
