/**
 * The URLs of the system that this example follows, so that its clients and `curl` lines go on working: object or array in,
 * array out, the same field names, plus what an honest answer needs (probability, version, fallback).
 */
import { route, z, type PredictAnswer, type PredictRow, type RouteContext } from 'millrace'
import { modelOf, setOf, taskModels, versionOf, type Task } from './seed-names.ts'

const MOST_ROWS = 1000

const pair = z.object({ userId: z.int(), movieId: z.int() })
const rated = z.object({
  userId: z.int(),
  movieId: z.int().optional(),
  rating: z.number().min(0.5).max(5).optional(),
})
/** A user who is not in the stream, described by the features themselves: `{ activity: 3.7, mean_rating: 3.9, … }`. */
const vector = z.record(z.string(), z.number())
const member = z.union([rated, vector])
const pairs = z.union([pair, z.array(pair).min(1).max(MOST_ROWS)])
const many = <Row>(body: Row | Row[]): Row[] => (Array.isArray(body) ? body : [body])

/** `?model=classification_model_set_1` or a version number; the newest healthy version without it. */
const byModel = z.object({ model: z.string().optional() })

const served = {
  version: z.int(),
  fallback: z.string().nullable(),
}
const liked = pair.extend({ prediction_like: z.int(), probability: z.number(), ...served })
const valued = pair.extend({ predicted_rating: z.number(), ...served })
const clustered = z.looseObject({
  cluster_id: z.int(),
  cluster_label: z.string(),
  profile: z.record(z.string(), z.number()),
  ...served,
})

/** What every row of an answer says about where it comes from. */
const origin = (answer: PredictAnswer, index: number) => ({
  version: answer.version,
  fallback: answer.predictions[index]?.fallback?.used ?? null,
})
const twoDecimals = (value: number): number => Math.round(value * 100) / 100

async function predict(
  context: RouteContext,
  task: Task,
  rows: readonly PredictRow[],
  model: string | undefined,
): Promise<PredictAnswer> {
  const version = versionOf(context, task, model)
  return context.predict(taskModels[task], rows, version === undefined ? {} : { version })
}

const predictClassification = route({
  method: 'POST',
  path: '/predict_classification',
  summary: 'Will this user like this movie (a rating of 4 or more)?',
  query: byModel,
  body: pairs,
  answer: z.array(liked),
  async handler({ query, body }, context) {
    const rows = many(body)
    const answer = await predict(context, 'classification', rows, query.model)
    return rows.map((row, index) => ({
      ...row,
      prediction_like: answer.predictions[index]?.label ?? 0,
      probability: answer.predictions[index]?.probability ?? 0,
      ...origin(answer, index),
    }))
  },
})

const predictRegression = route({
  method: 'POST',
  path: '/predict_regression',
  summary: 'Which rating, 0.5 to 5, will this user give this movie?',
  query: byModel,
  body: pairs,
  answer: z.array(valued),
  async handler({ query, body }, context) {
    const rows = many(body)
    const answer = await predict(context, 'regression', rows, query.model)
    return rows.map((row, index) => ({
      ...row,
      predicted_rating: twoDecimals(answer.predictions[index]?.value ?? 0),
      ...origin(answer, index),
    }))
  },
})

/** What the model looks at: the user, or the features in place of one. */
const memberOf = (row: z.infer<typeof member>): PredictRow =>
  row.userId === undefined ? row : { userId: row.userId }

const predictClustering = route({
  method: 'POST',
  path: '/predict_clustering',
  summary: 'Which segment does this user belong to? One per user, whatever the movie.',
  query: byModel,
  body: z.union([member, z.array(member).min(1).max(MOST_ROWS)]),
  answer: z.array(clustered),
  async handler({ query, body }, context) {
    const rows = many(body)
    const answer = await predict(context, 'clustering', rows.map(memberOf), query.model)
    const profiles = await context.profiles(taskModels.clustering, answer.version)
    return rows.map((row, index) => ({
      ...row,
      cluster_id: answer.predictions[index]?.cluster ?? 0,
      cluster_label: answer.predictions[index]?.clusterLabel ?? '',
      profile: profiles.find(({ id }) => id === answer.predictions[index]?.cluster)?.centroid ?? {},
      ...origin(answer, index),
    }))
  },
})

const batchPrediction = route({
  method: 'POST',
  path: '/batch-prediction/:n',
  summary: 'All three predictions for a list of rows, by the models of training set n.',
  params: z.object({ n: z.coerce.number().int().min(1) }),
  body: pairs,
  answer: z.array(
    pair.extend({
      prediction_like: z.int(),
      probability: z.number(),
      predicted_rating: z.number(),
      cluster_id: z.int(),
      versions: z.record(z.string(), z.int()),
      fallback: z.string().nullable(),
    }),
  ),
  async handler({ params, body }, context) {
    const rows = many(body)
    const name = String(params.n)
    const [like, rating, segment] = await Promise.all([
      predict(context, 'classification', rows, name),
      predict(context, 'regression', rows, name),
      predict(context, 'clustering', rows.map(memberOf), name),
    ])
    return rows.map((row, index) => ({
      ...row,
      prediction_like: like.predictions[index]?.label ?? 0,
      probability: like.predictions[index]?.probability ?? 0,
      predicted_rating: twoDecimals(rating.predictions[index]?.value ?? 0),
      cluster_id: segment.predictions[index]?.cluster ?? 0,
      versions: { like: like.version, rating: rating.version, segments: segment.version },
      fallback: origin(rating, index).fallback ?? origin(like, index).fallback,
    }))
  },
})

const history = route({
  method: 'GET',
  path: '/history',
  summary: 'The newest predictions, of all models or of one.',
  query: z.object({
    model: z
      .string()
      .refine((name) => modelOf(name) !== undefined || setOf(name) !== undefined, {
        error: `write ${Object.values(taskModels).join(', ')}, a name such as classification_model_set_1, or the number of a set`,
      })
      .optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(100),
  }),
  answer: z.object({
    predictions: z.array(
      z.object({
        at: z.string(),
        model: z.string(),
        version: z.int(),
        request: z.unknown(),
        prediction: z.number().nullable(),
        probability: z.number().nullable(),
        fallback: z.string().nullable(),
      }),
    ),
  }),
  async handler({ query }, context) {
    const { where, params } = historyFilter(context, query.model)
    const { rows } = await context.sql(
      `select epoch_ms("at"), model, version, request,
         coalesce(value, label, cluster), probability, fallback
       from predictions ${where} order by _offset desc limit ${query.limit}`,
      { params },
    )
    return {
      predictions: rows.map((cells) => {
        const [at, model, version, request, prediction, probability, fallback] = cells
        return {
          at: new Date(Number(at)).toISOString(),
          model: text(model) ?? '',
          version: Number(version),
          request: JSON.parse(text(request) ?? 'null') as unknown,
          prediction: number(prediction),
          probability: number(probability),
          fallback: text(fallback),
        }
      }),
    }
  },
})

const text = (cell: unknown): string | null => (typeof cell === 'string' ? cell : null)
const number = (cell: unknown): number | null => (typeof cell === 'number' ? cell : null)

/** `?model=` is a model's name, a seed name, or the number of a set: then the versions of all three models of that set. */
function historyFilter(
  context: RouteContext,
  name: string | undefined,
): { readonly where: string; readonly params: readonly (string | number)[] } {
  if (name === undefined) return { where: '', params: [] }
  const model = modelOf(name)
  const set = setOf(name)
  if (set === undefined) return { where: 'where model = ?', params: [model ?? name] }
  const versions = Object.values(taskModels)
    .filter((one) => model === undefined || one === model)
    .flatMap((one) =>
      context
        .versions(one)
        .filter((version) => version.set.part === set)
        .map((version): [string, number] => [one, version.version]),
    )
  if (versions.length === 0) return { where: 'where false', params: [] }
  const where = versions.map(() => '(model = ? and version = ?)').join(' or ')
  return { where: `where ${where}`, params: versions.flat() }
}

const health = route({
  method: 'GET',
  path: '/health',
  summary: 'Which models serve, and what is missing.',
  answer: z.object({
    status: z.enum(['healthy', 'waiting']),
    models_loaded: z.record(z.string(), z.int()),
    warnings: z.array(z.string()),
  }),
  async handler(_request, context) {
    const { ready, waiting } = await context.readiness()
    const champions = Object.values(taskModels).flatMap((model): [string, number][] => {
      try {
        return [[model, context.version(model, 'champion').version]]
      } catch {
        return []
      }
    })
    return {
      status: ready ? ('healthy' as const) : ('waiting' as const),
      models_loaded: Object.fromEntries(champions),
      warnings: [...waiting],
    }
  },
})

export const seedRoutes = [
  predictClassification,
  predictRegression,
  predictClustering,
  batchPrediction,
  history,
  health,
]
