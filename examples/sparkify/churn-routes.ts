/** Who will cancel, and how many do: answers over the scores of all listeners and the events themselves. */
import { notFound, route, z, type ScoresAnswer } from 'millrace'

const MODEL = 'churn'
const TIERS = ['critical', 'high', 'medium', 'low'] as const

/** By place among all listeners: the riskiest twentieth, fifth, half. Probabilities of a rare event are all small. */
function tierOf(place: number, of: number): (typeof TIERS)[number] {
  const share = place / Math.max(1, of)
  if (share < 0.05) return 'critical'
  if (share < 0.2) return 'high'
  return share < 0.5 ? 'medium' : 'low'
}

const basis = {
  model_version: z.int(),
  as_of: z.string().describe('Newest event that the answer knows of'),
}
const basisOf = ({ version, dataAsOf }: Pick<ScoresAnswer, 'version' | 'dataAsOf'>) => ({
  model_version: version,
  as_of: new Date(dataAsOf ?? 0).toISOString(),
})

const listener = {
  user: z.string(),
  probability: z.number().describe('Of cancelling within 14 days'),
  tier: z.enum(TIERS),
}

const userChurn = route({
  method: 'GET',
  path: '/v1/users/:id/churn',
  aliases: ['/churn/users/:id'],
  summary: 'Will this listener cancel within 14 days, and why?',
  params: z.object({ id: z.string().min(1).max(64) }),
  answer: z.object({
    ...listener,
    reasons: z.array(z.object({ feature: z.string(), value: z.unknown(), effect: z.number() })),
    ...basis,
  }),
  async handler({ params: { id } }, context) {
    const all = await context.scores(MODEL)
    const place = all.scores.findIndex(({ entity }) => entity === id)
    if (place < 0) {
      throw notFound(`user ${JSON.stringify(id)} had no event in the last 14 days, or cancelled`)
    }
    const { predictions } = await context.predict(MODEL, [{ userId: id }], { reasons: 3 })
    return {
      user: id,
      probability: predictions[0]?.probability ?? 0,
      tier: tierOf(place, all.scores.length),
      reasons: [...(predictions[0]?.reasons ?? [])],
      ...basisOf(all),
    }
  },
})

const atRisk = route({
  method: 'GET',
  path: '/v1/churn/at-risk',
  summary: 'The listeners who are most likely to cancel within 14 days',
  query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(20) }),
  answer: z.object({ users: z.array(z.object(listener)), of: z.int(), ...basis }),
  async handler({ query: { limit } }, context) {
    const all = await context.scores(MODEL)
    const { length } = all.scores
    const users = all.scores.slice(0, limit).map(({ entity, probability = 0 }, place) => ({
      user: entity,
      probability,
      tier: tierOf(place, length),
    }))
    return { users, of: length, ...basisOf(all) }
  },
})

/** What a listener belongs to, in SQL over their events; `week` is that of each event. */
const GROUPS = {
  week: `strftime(date_trunc('week', to_timestamp(ts / 1000)), '%Y-%m-%d')`,
  level: `arg_max(level, ts)`,
  gender: `arg_max(gender, ts)`,
  device: `case when arg_max("userAgent", ts) like '%iPhone%' or arg_max("userAgent", ts) like '%Android%' then 'phone'
    when arg_max("userAgent", ts) like '%Mac OS X%' then 'mac'
    when arg_max("userAgent", ts) like '%Windows%' then 'windows' else 'other' end`,
} as const

const churnRate = route({
  method: 'GET',
  path: '/v1/churn/rate',
  summary: 'The share of listeners who cancelled, with 95 % intervals, and who are expected to',
  query: z.object({ by: z.enum(['week', 'level', 'gender', 'device']).default('level') }),
  answer: z.object({
    by: z.string(),
    groups: z.array(
      z.object({
        group: z.string().nullable(),
        users: z.int(),
        cancelled: z.int(),
        observed: z.number(),
        low: z.number().describe('Wilson interval, 95 %'),
        high: z.number(),
        expected: z
          .number()
          .nullable()
          .describe('Mean probability of those still there; null for weeks before the newest'),
      }),
    ),
    ...basis,
  }),
  async handler({ query: { by } }, context) {
    const all = await context.scores(MODEL)
    const { rows } = await context.sql(rateSql(by))
    return {
      by,
      groups: rows.map(([group, users, cancelled, observed, low, high, expected]) => ({
        group: typeof group === 'string' ? group : null,
        users: Number(users),
        cancelled: Number(cancelled),
        observed: Number(observed),
        low: Number(low),
        high: Number(high),
        expected: typeof expected === 'number' ? expected : null,
      })),
      ...basisOf(all),
    }
  },
})

/**
 * Observed: Wilson 1927, the interval of a share that also holds for few and for none; z is 1.96. Expected: the mean of what the
 * model says of those who are still there; in weeks, of those of the newest one.
 */
function rateSql(by: keyof typeof GROUPS): string {
  const [grouping, newest] = by === 'week' ? [', 2', 'and grp = max(grp) over ()'] : ['', '']
  return `
    with listeners as (
      select "userId", ${GROUPS[by]} as grp,
        max(case when page = 'Cancellation Confirmation' then 1 else 0 end) as cancelled
      from sparkify where "userId" <> '' group by "userId"${grouping}),
    counts as (
      select grp, count(*) as n, sum(cancelled) as k, round(avg(probability), 6) as expected
      from listeners left join churn_scores using ("userId") group by grp)
    select grp, n, k, k / n,
      greatest(0, (k + 1.9208 - 1.96 * sqrt(k * (n - k) / n + 0.9604)) / (n + 3.8416)),
      least(1, (k + 1.9208 + 1.96 * sqrt(k * (n - k) / n + 0.9604)) / (n + 3.8416)),
      case when true ${newest} then expected end
    from counts order by grp`
}

export const churnRoutes = [userChurn, atRisk, churnRate]
