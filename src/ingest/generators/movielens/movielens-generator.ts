/**
 * A stream of movie ratings that looks like MovieLens and is none: made-up people and titles, planted tastes. Activity,
 * popularity, rating shares and sittings follow the genuine ml-latest-small; see README.md for measured against made.
 */
import { z } from 'zod'
import { createRandom } from '../../../kernels/index.ts'
import { textFolder } from '../../sources/text-folder.ts'
import { generatedEvents } from '../generated-events.ts'
import type { Generated, Generator } from '../generator.ts'
import { createRatings, type RatingRows } from './movielens-events.ts'
import { createInterests, INTEREST_FACTORS } from './movielens-interests.ts'
import { bestScores } from './movielens-truth.ts'
import { createMovies, createUsers, type Movies, type Users } from './movielens-world.ts'

const options = z
  .strictObject({
    seed: z.int().default(42).describe('Same seed, same bytes.'),
    users: z.int().min(1).max(1_000_000).default(610).describe('Users; their ids are 1, 2, …'),
    movies: z.int().min(30).max(1_000_000).default(9_700).describe('Movies that can be rated.'),
    events: z.int().min(1).max(20_000_000).default(100_000).describe('Ratings in all.'),
  })
  .refine(({ users, movies, events }) => events <= users * Math.floor(movies * 0.28), {
    path: ['events'],
    message: 'is more than the users can rate: nobody rates more than 28 % of the movies',
  })

export type MovieLensOptions = z.infer<typeof options>

export const movielensGenerator: Generator<MovieLensOptions> = {
  name: 'movielens',
  summary: 'Movie ratings with planted tastes, shaped like MovieLens',
  options,
  create,
}

function create(wanted: MovieLensOptions): Generated {
  const { seed, users: userCount, movies: movieCount, events } = wanted
  const random = createRandom(seed)
  const movies = createMovies(movieCount, random)
  const users = createUsers(userCount, random)
  const interests = createInterests(seed, userCount, movies.genres)
  const rows = createRatings({ users, movies, interests }, events, random)
  const id = `generator:movielens?seed=${seed}&users=${userCount}&movies=${movieCount}&events=${events}`
  return {
    source: generatedEvents({
      id,
      fingerprint: 'movielens:2',
      count: rows.count,
      json: (index) => eventJson(rows, movies, index),
    }),
    folder: textFolder(id, {
      'movies.csv': () => moviesCsv(movies),
      'links.csv': () => linksCsv(movies),
    }),
    get truth() {
      return truthOf(rows, users, movies)
    },
  }
}

function eventJson(rows: RatingRows, movies: Movies, i: number): string {
  const user = rows.users[i]! + 1
  const movie = movies.ids[rows.movies[i]!]!
  return `{"userId":${user},"movieId":${movie},"rating":${rows.ratings[i]!},"timestamp":${rows.seconds[i]!}}`
}

const quoted = (text: string): string => (text.includes(',') ? `"${text}"` : text)

const moviesCsv = ({ ids, titles, genres }: Movies): string =>
  ['movieId,title,genres', ...titles.map((title, i) => `${ids[i]},${quoted(title)},${genres[i]}`)]
    .join('\n')
    .concat('\n')

const linksCsv = ({ ids, tmdbIds }: Movies): string =>
  ['movieId,tmdbId', ...Array.from(ids, (id, i) => `${id},${tmdbIds[i]}`)].join('\n').concat('\n')

function truthOf(rows: RatingRows, users: Users, movies: Movies): Generated['truth'] {
  return {
    best: { ...bestScores(rows, users, movies) },
    facts: [
      'rating = round(clip(mean + user bias + movie bias + taste + noise)) to half stars, before 2003 to whole ones',
      'noise has a standard deviation of 0.83 with a longer tail downwards; nobody can predict it',
      `what somebody watches is the popular, the more often the closer it is to their interests: ${INTEREST_FACTORS} factors of user and movie; genres explain half of a movie’s`,
      'taste is the product of 4 factors of user and movie; genres explain 60 % of a movie’s',
    ],
  }
}
