/** Who rates what and when: heavy-tailed activity, sittings of many ratings seconds apart, long gaps between them. */
import type { Random } from '../../../kernels/index.ts'
import type { Interests } from './movielens-interests.ts'
import {
  LAST_SECOND,
  NOISE,
  NOISE_PARTS,
  plantedScore,
  type Movies,
  type Users,
} from './movielens-world.ts'

export interface RatingRows {
  readonly count: number
  /** In the order of time; ties by user. Indices into users and movies. */
  readonly users: Int32Array
  readonly movies: Int32Array
  readonly ratings: Float64Array
  /** Unix seconds. */
  readonly seconds: Float64Array
}

/** MovieLens keeps only users with at least so many ratings. */
const FEWEST = 20
/** Most of the movies that one user rates; the busiest of the genuine set has 28 %. */
const MOST_SHARE = 0.28
/** Ratings beyond 20: log-normal, measured. */
const ACTIVITY_MEAN = 3.87
const ACTIVITY_SPREAD = 1.62
/** Share of users who come once only; half of the genuine users rate within one sitting. */
const ONE_SITTING = 0.55
const TRIES = 400

/** Who may rate what. */
export interface World {
  readonly users: Users
  readonly movies: Movies
  readonly interests: Interests
}

export function createRatings(world: World, count: number, random: Random): RatingRows {
  const { users, movies } = world
  const activity = drawActivity(users.count, movies.count, count, random)
  const rows = {
    users: new Int32Array(count),
    movies: new Int32Array(count),
    ratings: new Float64Array(count),
    seconds: new Float64Array(count),
  }
  const seenBy = new Int32Array(movies.count).fill(-1)
  let at = 0
  for (let user = 0; user < users.count; user++) {
    const times = drawTimes(users.starts[user]!, activity[user]!, random)
    for (const second of times) {
      const movie = drawMovie(user, second, world, seenBy, random)
      seenBy[movie] = user
      rows.users[at] = user
      rows.movies[at] = movie
      rows.seconds[at] = second
      rows.ratings[at] = rate(
        plantedScore(users, user, movies, movie),
        users.usesHalves[user]!,
        random,
      )
      at++
    }
  }
  return inTimeOrder(rows, count)
}

/** Ratings per user; they add up to `count`. */
function drawActivity(users: number, movies: number, count: number, random: Random): Int32Array {
  const least = Math.min(FEWEST, Math.floor(count / users))
  const most = Math.max(least + 1, Math.ceil(count / users), Math.floor(movies * MOST_SHARE))
  const extra = Float64Array.from({ length: users }, () =>
    Math.exp(ACTIVITY_MEAN + ACTIVITY_SPREAD * random.gaussian()),
  )
  const scale = (count - least * users) / extra.reduce((sum, one) => sum + one, 0)
  const activity = Int32Array.from(extra, (one) => Math.min(most, least + Math.floor(one * scale)))
  let left = count - activity.reduce((sum, one) => sum + one, 0)
  while (left > 0) {
    const user = random.int(users)
    if (activity[user]! >= Math.min(most, movies)) continue
    const more = Math.min(left, most - activity[user]!, 1 + Math.floor(left / users))
    activity[user]! += more
    left -= more
  }
  return activity
}

function drawTimes(start: number, count: number, random: Random): Float64Array {
  const times = new Float64Array(count)
  // Room for the ratings themselves, 40 s each, before the stream ends.
  let second = Math.min(start, LAST_SECOND - count * 40)
  let left =
    random.uniform() < ONE_SITTING
      ? count
      : Math.min(count, 20 + Math.floor(20 * exponential(random)))
  for (let i = 0; i < count; i++) {
    if (i > 0) second += left > 0 ? pause(random) : absence(second, random)
    if (left === 0) left = 1 + Math.floor(Math.exp(0.9 + 1.3 * random.gaussian()))
    left--
    times[i] = second
  }
  return times
}

/** Seconds between two ratings of a sitting: median 9, one in six at the same second. */
const pause = (random: Random): number =>
  random.uniform() < 0.1
    ? 0
    : Math.min(1_700, Math.floor(Math.exp(2.35 + 1.35 * random.gaussian())))

/** Seconds until a user comes back: median 3.6 days, one in ten after more than a month. */
function absence(second: number, random: Random): number {
  const days = Math.exp(Math.log(3.6) + 1.8 * random.gaussian())
  const gap = 1_800 + Math.floor(days * 86_400)
  return second + gap < LAST_SECOND ? gap : pause(random)
}

const exponential = (random: Random): number => -Math.log(1 - random.uniform())

/** By popularity, among those that are out and not rated yet; what interests one, and what one likes, is picked more often. */
function drawMovie(
  user: number,
  second: number,
  { users, movies, interests }: World,
  seenBy: Int32Array,
  random: Random,
): number {
  const year = 1970 + second / 31_556_952
  const total = movies.cumulative[movies.count - 1]!
  for (let i = 0; i < TRIES; i++) {
    const movie = search(movies.cumulative, random.uniform() * total)
    if (seenBy[movie] === user || movies.years[movie]! > year) continue
    if (random.uniform() >= interests.taking(user, movie)) continue
    const liking = plantedScore(users, user, movies, movie) - users.bias[user]! - 3.5
    if (random.uniform() < 1 / (1 + Math.exp(-2 * liking - 0.5))) return movie
  }
  // A user who has seen nearly everything takes the next one that is left.
  const from = random.int(movies.count)
  for (let i = 0; i < movies.count; i++) {
    const movie = (from + i) % movies.count
    if (seenBy[movie] !== user) return movie
  }
  throw new Error('a user has no movie left to rate')
}

/** First index whose running sum is above `value`. */
function search(cumulative: Float64Array, value: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (cumulative[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}

function rate(score: number, usesHalves: number, random: Random): number {
  const [usual, disappointment] = NOISE_PARTS
  const part = random.uniform() < usual!.share ? usual : disappointment
  const felt = score + part!.shift + NOISE * random.gaussian()
  return usesHalves === 1
    ? Math.min(5, Math.max(0.5, Math.round(felt * 2) / 2))
    : Math.min(5, Math.max(1, Math.round(felt)))
}

function inTimeOrder(rows: Omit<RatingRows, 'count'>, count: number): RatingRows {
  const { users, seconds } = rows
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  order.sort((a, b) => seconds[a]! - seconds[b]! || users[a]! - users[b]! || a - b)
  return {
    count,
    users: Int32Array.from(order, (i) => users[i]!),
    movies: Int32Array.from(order, (i) => rows.movies[i]!),
    ratings: Float64Array.from(order, (i) => rows.ratings[i]!),
    seconds: Float64Array.from(order, (i) => seconds[i]!),
  }
}
