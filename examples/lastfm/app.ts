/**
 * Recommendations on a stream of listening counts: batches of 31,000, a model after each, and every list from what is known
 * of a user at that moment. `README.md` says what the system had that this one follows.
 */
import { cumulative, defineApp, notWorse, recommender, source, topic, z } from 'millrace'
import { seedRoutes } from './seed-routes.ts'

export default defineApp({
  name: 'lastfm',

  topics: {
    lastfm: topic({
      key: 'userID',
      batch: { rows: 31_000, idle: '10s' },
      schema: z.object({
        userID: z.int().min(1),
        artistID: z.int().min(1),
        // Listens; those of one user and artist are added up.
        weight: z.int().min(1),
      }),
    }),
    artists: topic({
      key: 'id',
      batch: { rows: 50_000, idle: '5s' },
      schema: z.object({
        id: z.int().min(1),
        name: z.string(),
        url: z.string().optional(),
        pictureURL: z.string().optional(),
      }),
    }),
  },

  models: {
    lastfm: recommender({
      from: 'lastfm',
      user: 'userID',
      item: 'artistID',
      value: 'weight',
      combine: 'sum',
      catalog: { from: 'artists', id: 'id' },
      // The data have no times, so nothing trends.
      coldStart: ['popular', 'newest'],
      kind: 'als',
      // Half of the default: the first list is there within a minute, also on a busy machine.
      params: { factors: 64 },
      set: cumulative(3),
      retrain: { batches: 1 },
      gate: { 'ndcg@10': notWorse(0.02) },
    }),
  },

  sources: [
    source({ topic: 'artists', file: 'artists.dat', alternatives: ['artists.csv'] }),
    source({
      topic: 'lastfm',
      generator: { name: 'lastfm', seed: 1 },
      file: 'user_artists.dat',
      alternatives: ['user_artists.csv'],
      rate: 4000,
    }),
  ],

  routes: seedRoutes,
})
