/**
 * The URLs of the system that this example follows. `{model}` is 0, 1 or 2: the model that was trained on the first, the
 * first two or all three batches, and so on as batches come. The newest one knows everything until now; an older one knows
 * what it was trained on, so that the models can be compared.
 */
import { MillraceError, route, z, type ModelVersion, type RouteContext } from 'millrace'

const MODEL = 'lastfm'
const MOST = 1_000

const whole = (name: string, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: `${name} is a whole number in plain digits` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `${name} is from ${min} to ${max}` })

const model = whole('model', 0, 999)
const user = whole('user', 1, 999_999_999)
const artist = whole('artist', 1, 999_999_999)
const n = whole('n', 1, MOST)
/** Of a query. */
const page = {
  limit: whole('limit', 1, MOST).optional(),
  offset: whole('offset', 0, 999_999_999).optional(),
}

const origin = {
  version: z.int().nullable().describe('Version of the model lastfm'),
  fallback: z.string().nullable().describe('What stands in, and null when the answer is personal'),
}
const described = { artist_id: z.int(), name: z.string().nullable(), url: z.string().nullable() }

interface Asked {
  readonly version: number
  readonly history: 'live' | 'training'
}

/** Numbers count from 0, as in the original: model k was trained up to batch k + 1. */
const numberOf = ({ lineage }: ModelVersion): number => lineage.batches[1] - 1

function versionOf(context: RouteContext, wanted: number): Asked {
  const accepted = context.versions(MODEL).filter(({ status }) => status === 'accepted')
  const found = accepted.findLast((version) => numberOf(version) === wanted)
  if (!found) throw unknownModel(wanted, accepted)
  const newest = Math.max(...accepted.map(numberOf))
  return { version: found.version, history: wanted === newest ? 'live' : 'training' }
}

function unknownModel(wanted: number, accepted: readonly ModelVersion[]): Error {
  const known = [...new Set(accepted.map(numberOf))].toSorted((a, b) => a - b)
  const list = known.length === 0 ? 'none yet: the first batch is 31,000 listens' : known.join(', ')
  return new MillraceError(
    'LASTFM_UNKNOWN_MODEL',
    { status: 404, retryable: known.length === 0, title: 'There is no such model' },
    `model ${wanted} is not there; there are ${list}`,
    { details: { issues: [{ path: 'path/model', message: `there are ${list}` }] } },
  )
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const describe = (item: string, attributes: Readonly<Record<string, unknown>> | undefined) => ({
  artist_id: Number(item),
  name: text(attributes?.['name']),
  url: text(attributes?.['url']),
})

const top = route({
  method: 'GET',
  path: '/:model/:user/ratings/top/:n',
  summary: 'The n best artists for a user, none that the user has heard.',
  params: z.object({ model, user, n }),
  answer: z.object({
    result: z.array(z.object({ ...described, score: z.number(), source: z.string() })),
    ...origin,
  }),
  async handler({ params }, context) {
    const who = { user: String(params.user) }
    const asked = versionOf(context, params.model)
    const list = await context.recommendations.recommend(MODEL, who, { limit: params.n }, asked)
    return {
      result: list.items.map(({ item, attributes, score, source }) => ({
        ...describe(item, attributes),
        score,
        source,
      })),
      version: list.version,
      fallback: list.fallback === null ? null : list.source,
    }
  },
})

const usersForArtist = route({
  method: 'GET',
  path: '/:model/artists/:artist/recommend/:n',
  summary: 'The n users most likely to want an artist, none that has heard it.',
  params: z.object({ model, artist, n }),
  answer: z.object({
    result: z.array(z.object({ user_id: z.int(), score: z.number() })),
    ...origin,
  }),
  async handler({ params }, context) {
    const asked = versionOf(context, params.model)
    const { users, version, fallback } = await context.recommendations.usersForItem(
      MODEL,
      String(params.artist),
      params.n,
      asked,
    )
    const result = users.map(({ user: id, score }) => ({ user_id: Number(id), score }))
    return { result, version, fallback }
  },
})

const listen = route({
  method: 'GET',
  path: '/:model/:user/listen/:artist',
  summary: 'How likely a user is to listen to an artist: 0 (not at all) to about 1.',
  params: z.object({ model, user, artist }),
  answer: z.object({ result: z.number().min(0), ...origin }),
  async handler({ params }, context) {
    const asked = versionOf(context, params.model)
    const who = { user: String(params.user) }
    const items = [String(params.artist)]
    const { estimates, version } = await context.recommendations.estimate(MODEL, who, items, asked)
    const [estimate] = estimates
    return {
      result: Math.max(0, estimate?.score ?? 0),
      version,
      fallback: estimate?.fallback ?? null,
    }
  },
})

const history = route({
  method: 'GET',
  path: '/:model/:user/history',
  summary: 'What a user has listened to, newest first.',
  params: z.object({ model, user }),
  query: z.object(page),
  answer: z.object({
    result: z.array(z.object({ ...described, weight: z.number() })),
    total: z.int(),
    version: z.int(),
  }),
  async handler({ params, query: { limit = 100, offset = 0 } }, context) {
    const asked = versionOf(context, params.model)
    const all = await context.recommendations.knownItems(MODEL, String(params.user), asked)
    return {
      result: all.slice(offset, offset + limit).map(({ item, attributes, value }) => ({
        ...describe(item, attributes),
        weight: value,
      })),
      total: all.length,
      version: asked.version,
    }
  },
})

const giveListen = route({
  method: 'POST',
  path: '/:user/listens',
  summary: 'A user has listened: acts on history and lists at once, and on the next model.',
  params: z.object({ user }),
  body: z.object({ artistID: z.int().min(1), weight: z.int().min(1).default(1) }),
  answer: z.object({ partition: z.int(), offset: z.int() }),
  handler: ({ params, body }, context) =>
    context.publish(MODEL, { userID: params.user, artistID: body.artistID, weight: body.weight }),
})

const item = route({
  method: 'GET',
  path: '/items/:artist',
  summary: 'One artist.',
  params: z.object({ artist }),
  answer: z.object({ ...described, listeners: z.int() }),
  async handler({ params }, context) {
    const found = context.recommendations.item(MODEL, String(params.artist))
    if (!found) {
      throw new MillraceError(
        'LASTFM_UNKNOWN_ARTIST',
        { status: 404, retryable: false, title: 'There is no such artist' },
        `nothing is known of artist ${params.artist}: GET /v1/items lists them`,
      )
    }
    return { ...describe(found.item, found.attributes), listeners: found.users }
  },
})

export const seedRoutes = [top, usersForArtist, listen, history, giveListen, item]
