/**
 * The same list for everyone: what most people had (`popular`), what most people have now (`trending`), what came last
 * (`newest`). The baseline of every recommender, and its stand-in for users of whom nothing is known. See README.md.
 */
import { z } from 'zod'
import { checkArtifact, readFacts, readTensor } from '../artifact-reader.ts'
import {
  audiencesOf,
  checkInteractions,
  historyOf,
  interactionFacts,
  interactionTensors,
  readInteractions,
} from '../interactions.ts'
import { createDenseTaste, rankScores } from '../rank-scores.ts'
import type {
  FittedRecommender,
  History,
  Interactions,
  Listener,
  RankRequest,
  RecommenderKind,
} from '../recommender.ts'

const FORMAT = 1
const HOUR_MS = 3_600_000
const params = z.strictObject({
  rank: z.enum(['popular', 'trending', 'newest']).default('popular').meta({
    description:
      'popular: how many users had the item; trending: the same, each counting half after every half-life; newest: when the item was first had.',
    unit: 'name',
  }),
  halfLifeHours: z.number().min(0.001).max(1e6).default(168).meta({
    description: 'Of trending: after so long an interaction counts half.',
    unit: 'hours',
  }),
})
export type PopularityParams = z.infer<typeof params>
const facts = z.strictObject({
  users: z.int().min(0),
  items: z.int().min(0),
  newest: z.number(),
})

export const popularity: RecommenderKind<PopularityParams> = {
  name: 'popularity',
  task: 'recommender',
  summary: 'Baseline: the most popular, trending or newest items, the same for everyone.',
  params,
  baseline: 'popularity',
  isPersonal: false,
  searchSpace: { rank: ['popular', 'trending'], halfLifeHours: [24, 168, 720] },
  // Interactions by item beside those by user.
  memoryBytes: ({ users, items, interactions }) => interactions * (16 + 8) + (users + items) * 64,
  async fit(data, chosen, context) {
    checkInteractions(data)
    context.signal?.throwIfAborted()
    const newest = data.time.reduce((most, time) => Math.max(most, time), -Infinity)
    return recommender(data, chosen, newest, scoresOf(data, chosen, newest))
  },
  load(artifact) {
    checkArtifact(artifact, popularity, FORMAT)
    const known = readFacts(artifact, facts)
    const data = readInteractions(artifact, known)
    const scores = readTensor(artifact, 'scores', Float64Array, [known.items])
    return recommender(data, params.parse(artifact.params), known.newest, scores)
  },
}

/** What one interaction adds; `newest` takes the first of them instead of the sum. */
const weightOf = (time: number, { rank, halfLifeHours }: PopularityParams, now: number): number =>
  rank === 'popular' ? 1 : rank === 'trending' ? 2 ** ((time - now) / HOUR_MS / halfLifeHours) : 0

/** Hours before the newest event, as a negative number: higher is newer. */
const ageOf = (first: number, now: number): number => (first - now) / HOUR_MS

function scoresOf(data: Interactions, chosen: PopularityParams, now: number): Float64Array {
  const { start, entry } = audiencesOf(data)
  return Float64Array.from({ length: data.items.size }, (_, item) => {
    const times = Array.from(entry.subarray(start[item], start[item + 1]), (at) => data.time[at]!)
    return scoreOf(times, chosen, now)
  })
}

function scoreOf(times: readonly number[], chosen: PopularityParams, now: number): number {
  if (times.length === 0) return 0
  if (chosen.rank === 'newest') return ageOf(minOf(times), now)
  return times.reduce((sum, time) => sum + weightOf(time, chosen, now), 0)
}

const minOf = (times: readonly number[]): number =>
  times.reduce((least, time) => Math.min(least, time), Infinity)

const UNITS: Readonly<Record<PopularityParams['rank'], string>> = {
  popular: 'number of users who had the item',
  trending: 'number of users who had the item, each halved for every half-life since',
  newest: 'hours since the item was first had, negative, counted back from the newest event',
}

const zeros = ({ items }: History): Float64Array => new Float64Array(items.length)

function recommender(
  data: Interactions,
  chosen: PopularityParams,
  now: number,
  scores: Float64Array,
): FittedRecommender {
  const tasteOf: FittedRecommender['foldIn'] = (history) =>
    createDenseTaste({
      history,
      scores: () => scores,
      because: (_, score) => ({
        base: score,
        contributions: zeros(history),
      }),
    })
  let audiences: ReturnType<typeof audiencesOf> | undefined
  return {
    kind: popularity.name,
    task: 'recommender',
    users: data.users,
    items: data.items,
    scoreUnit: UNITS[chosen.rank],
    knownItems: (user) => historyOf(data, user),
    user: (code) => tasteOf(historyOf(data, code)),
    foldIn: tasteOf,
    foldInItem(audience: readonly Listener[]) {
      const score = scoreOf(
        audience.map(({ time }) => time),
        chosen,
        now,
      )
      return {
        score: () => score,
        because: ({ history }) => ({ base: score, contributions: zeros(history), score }),
      }
    },
    similar: (item, { limit, accept = () => true }: RankRequest) =>
      rankScores(scores, { limit, accept: (other) => other !== item && accept(other) }),
    similarity: () => 0,
    usersForItem(item, limit) {
      audiences ??= audiencesOf(data)
      const knows = new Set(
        audiences.user.subarray(audiences.start[item], audiences.start[item + 1]),
      )
      const activity = Float64Array.from(
        { length: data.users.size },
        (_, user) => data.start[user + 1]! - data.start[user]!,
      )
      const accept = (user: number): boolean => !knows.has(user)
      return rankScores(activity, { limit, accept }).map(({ item: user, score }) => ({
        user,
        score,
      }))
    },
    save: () => ({
      kind: popularity.name,
      task: 'recommender',
      format: FORMAT,
      params: chosen,
      facts: { ...interactionFacts(data), newest: now },
      tensors: {
        ...interactionTensors(data),
        scores: { shape: [scores.length], data: scores },
      },
    }),
  }
}
