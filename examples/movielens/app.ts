/**
 * The main job: movie ratings arrive as a stream, and four models learn from them while they serve.
 * Compare `README.md`, which also says what the system had that this one follows.
 */
import {
  classifier,
  clusterer,
  cumulative,
  defineApp,
  notWorse,
  recommender,
  regressor,
  source,
  sql,
  topic,
  z,
} from 'millrace'
import { seedRoutes } from './seed-routes.ts'

const retrain = { batches: 10 }
const set = cumulative(3)

/** By GroupLens' own file; in Kaggle's edition by a file of TMDB, whose ids are others. */
const titles = [
  { file: 'movies.csv', on: 'movieId', take: ['title', 'genres'] },
  {
    file: 'movies_metadata.csv',
    on: 'movieId',
    key: 'id',
    take: ['title', 'genres'],
    via: { file: 'links_small.csv', from: 'movieId', to: 'tmdbId' },
  },
]

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
        genres: z.string().optional(),
      }),
    }),
    movies: topic({
      key: 'movieId',
      schema: z.object({
        movieId: z.int().min(1),
        title: z.string().optional(),
        genres: z.string().optional(),
      }),
    }),
  },

  // Means and shares are drawn to typical values by five ratings, so that a first rating does not decide alone.
  features: {
    user: sql`
      select userId,
        ln(1 + count(*)) as user_ratings,
        (sum(rating) + 17.5) / (count(*) + 5) as user_mean,
        (count_if(rating >= 4) + 2.4) / (count(*) + 5) as user_likes,
        coalesce(stddev(rating), 1) as user_spread,
        last(rating) as user_last
      from ratings group by userId`,
    movie: sql`
      select movieId,
        ln(1 + count(*)) as movie_ratings,
        (sum(rating) + 17.5) / (count(*) + 5) as movie_mean,
        (count_if(rating >= 4) + 2.4) / (count(*) + 5) as movie_likes
      from ratings group by movieId`,
    // What a person is like: how much, how kindly and what they watch, without what they did last.
    taste: sql`
      select userId,
        ln(1 + count(*)) as activity,
        (sum(rating) + 17.5) / (count(*) + 5) as mean_rating,
        coalesce(stddev(rating), 1) as spread,
        count_if(genres like '%Drama%') / nullif(count(genres), 0) as drama,
        count_if(genres like '%Comedy%') / nullif(count(genres), 0) as comedy,
        count_if(genres like '%Action%') / nullif(count(genres), 0) as action
      from ratings group by userId`,
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
      entity: 'taste',
      k: 5,
      // Its rows are users, and the first ten batches hold a few dozen of them.
      minRows: 20,
      set,
      retrain,
      gate: { silhouette: notWorse(0.1) },
    }),
    // A rating says first of all that somebody watched it, so every one counts the same.
    movies: recommender({
      from: 'ratings',
      user: 'userId',
      item: 'movieId',
      value: 'rating',
      catalog: { from: 'movies' },
      params: { factors: 64, unobserved: 0.2, regularization: 0.02, solver: 'gradient' },
      set,
      retrain,
      gate: { 'ndcg@10': notWorse(0.02) },
    }),
  },

  sources: [
    source({
      topic: 'movies',
      file: 'movies.csv',
      alternatives: ['links_small.csv'],
      lookup: titles,
    }),
    source({
      topic: 'ratings',
      generator: { name: 'movielens', seed: 1 },
      file: 'ratings.csv',
      alternatives: ['ratings_small.csv'],
      rate: 2000,
      order: 'event-time',
      lookup: titles,
    }),
  ],

  routes: seedRoutes,
})
