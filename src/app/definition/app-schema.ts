/** The form of an app definition: which fields there are and what they hold. What they mean is checked in `check-*.ts`. */
import { z } from 'zod'
import type { GateDefinition } from '../define-app.ts'

const schemaObject = z.custom((value) => value instanceof z.ZodObject, {
  error: 'must be a zod object: z.object({ … })',
})
const zodType = z.custom((value) => value instanceof z.ZodType, { error: 'must be a zod schema' })
const text = z.string().min(1)
const positive = z.int().min(1)
/** Trials of a search; each is kept with the version, and a thousand of them are about 100 KB. */
export const MOST_TRIALS = 1_000
const margin = z.strictObject({ margin: z.number().min(0) })

const batch = z.strictObject({
  rows: positive.optional(),
  bytes: positive.optional(),
  every: text.optional(),
  idle: text.optional(),
})

const timePartition = z.strictObject({
  unit: z.enum(['month', 'day', 'hour']),
  of: text,
  as: text.optional(),
})

/** A form that is a text or an object: the errors of the object are more use than "no form fits". */
function orObject(plain: z.ZodType, object: z.ZodType, error: string): z.ZodType {
  return z.unknown().superRefine((value, context) => {
    if (plain.safeParse(value).success) return
    if (typeof value !== 'object' || value === null) {
      context.addIssue({ code: 'custom', message: error })
      return
    }
    for (const { path, message } of object.safeParse(value).error?.issues ?? [])
      context.addIssue({ code: 'custom', path, message })
  })
}

const table = orObject(
  z.boolean(),
  z.strictObject({
    partitionBy: z
      .array(
        orObject(text, timePartition, "must be a field, or day('…'), month('…'), hour('…') of one"),
      )
      .min(1)
      .max(4)
      .optional(),
    compact: orObject(
      z.literal(false),
      z.strictObject({
        files: z.int().min(8).optional(),
        targetBytes: z
          .int()
          .min(1024 ** 2)
          .optional(),
      }),
      'must be false, or an object such as { files: 64 }',
    ).optional(),
    retention: z.strictObject({ age: text.optional(), bytes: positive.optional() }).optional(),
  }),
  'must be false, or an object such as { partitionBy: [day(…)] }',
)

const topic = z.strictObject({
  schema: schemaObject,
  key: text.optional(),
  id: text.optional(),
  eventTime: text.optional(),
  partitions: positive.max(1_000).optional(),
  batch: batch.optional(),
  table: table.optional(),
})

const set = z.strictObject({
  scheme: z.enum(['cumulative', 'disjoint', 'last', 'sliding']),
  parts: positive.optional(),
  batches: positive.optional(),
  length: text.optional(),
  slide: text.optional(),
})

/** Metrics that may decide a gate; the record makes the compiler compare them with `GateDefinition`. */
export const gateMetrics: Readonly<
  Record<
    Exclude<keyof GateDefinition, 'minRows' | 'maxLabelShift' | 'reference'>,
    readonly string[]
  >
> = {
  auc: ['classifier'],
  pr_auc: ['classifier'],
  lift_10: ['classifier'],
  f1: ['classifier'],
  accuracy: ['classifier'],
  log_loss: ['classifier'],
  brier: ['classifier'],
  rmse: ['regressor'],
  mae: ['regressor'],
  r2: ['regressor'],
  silhouette: ['clusterer'],
  'ndcg@10': ['recommender'],
  'precision@10': ['recommender'],
  'recall@10': ['recommender'],
}

const gate = z.strictObject({
  ...Object.fromEntries(Object.keys(gateMetrics).map((metric) => [metric, margin.optional()])),
  minRows: positive.optional(),
  maxLabelShift: z.number().min(0).optional(),
  reference: positive.optional(),
})

const search = z.strictObject({
  time: text,
  method: z.enum(['grid', 'random', 'halving']).optional(),
  trials: positive.max(MOST_TRIALS).optional(),
  values: z
    .record(
      text,
      z
        .array(z.union([z.string(), z.number(), z.boolean()]))
        .min(1)
        .max(50),
    )
    .optional(),
})

const retrain = z.strictObject({
  batches: positive.optional(),
  rows: positive.optional(),
  every: text.optional(),
})

const trainingBase = {
  from: text.optional(),
  kind: text.optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  search: search.optional(),
  set: set.optional(),
  retrain: retrain.optional(),
  gate: gate.optional(),
  minRows: positive.optional(),
  seed: z.int().min(0).optional(),
}

const evaluation = z.strictObject({
  groupBy: text.optional(),
  folds: z.int().min(2).max(10).optional(),
})

const modelBase = {
  ...trainingBase,
  features: z.array(text).optional(),
  weight: text.optional(),
  columns: z.array(text).optional(),
  categories: z.array(text).optional(),
}

const scenario = z.strictObject({
  filter: text.optional(),
  boost: text.optional(),
  diversity: z.number().min(0).max(1).optional(),
  explore: z.number().min(0).max(1).optional(),
})

const model = z.discriminatedUnion('task', [
  z.strictObject({
    task: z.literal('classifier'),
    label: text,
    horizon: z.strictObject({ predict: text, every: text.optional() }).optional(),
    evaluation: evaluation.optional(),
    ...modelBase,
  }),
  z.strictObject({
    task: z.literal('regressor'),
    label: text,
    range: z.tuple([z.number(), z.number()]).optional(),
    evaluation: evaluation.optional(),
    ...modelBase,
  }),
  z.strictObject({
    task: z.literal('clusterer'),
    entity: text,
    k: z.int().min(2).optional(),
    ...modelBase,
  }),
  z.strictObject({
    task: z.literal('recommender'),
    user: text,
    item: text,
    value: text.optional(),
    combine: z.enum(['sum', 'last', 'max']).optional(),
    catalog: z.strictObject({ from: text, id: text.optional() }).optional(),
    coldStart: z.array(z.enum(['trending', 'popular', 'newest'])).optional(),
    scenarios: z.record(text, scenario).optional(),
    attribution: text.optional(),
    weight: z
      .never({
        error: 'is no setting of a recommender: name the column that says how much in value',
      })
      .optional(),
    ...trainingBase,
    retrain: retrain.extend({ refresh: retrain.optional() }).optional(),
  }),
])

const lookup = z.strictObject({
  file: text,
  on: text,
  key: text.optional(),
  take: z.array(text).min(1),
  via: z.strictObject({ file: text, from: text, to: text }).optional(),
})

const source = z.strictObject({
  topic: text,
  generator: z
    .strictObject({
      name: text,
      seed: z.int().min(0).optional(),
      options: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  file: text.optional(),
  alternatives: z.array(text).optional(),
  rate: z.number().min(0).optional(),
  order: z.enum(['event-time', 'file']).optional(),
  lookup: z.union([lookup, z.array(lookup).min(1)]).optional(),
})

const valueOf = z.strictObject({ field: text, as: z.literal('words').optional() })
const stream = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('window'),
    from: text,
    every: text,
    eventTime: text.optional(),
    lateness: text.optional(),
    idle: text.optional(),
    ahead: text.optional(),
    keys: z.array(text).optional(),
    aggregates: z.record(
      z.string(),
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('count') }),
        z.strictObject({ kind: z.enum(['sum', 'min', 'max', 'avg']), of: valueOf }),
      ]),
    ),
    empty: z.enum(['zero', 'none']).optional(),
    batch: batch.optional(),
  }),
  z.strictObject({
    kind: z.literal('unnest'),
    from: text,
    each: text,
    take: z.array(text).optional(),
    batch: batch.optional(),
  }),
])

const routePath = z.string().regex(/^\//, { error: 'must start with "/"' })

const route = z.strictObject({
  method: z.enum(['GET', 'POST', 'DELETE']),
  path: routePath,
  aliases: z.array(routePath).optional(),
  summary: text,
  params: zodType.optional(),
  query: zodType.optional(),
  body: zodType.optional(),
  answer: zodType,
  handler: z.custom((value) => typeof value === 'function', { error: 'must be a function' }),
})

const headerField = z.strictObject({ header: text })

const event = z.strictObject({
  topic: text,
  summary: text.optional(),
  version: positive.optional(),
  fields: z.record(text, z.union([z.string(), z.number(), z.boolean(), headerField, zodType])),
  subject: headerField.optional(),
  routes: z.record(text, z.string()).optional(),
})

export const appDefinitionSchema = z.strictObject({
  name: text,
  port: z.int().min(0).max(65_535).optional(),
  topics: z.record(z.string(), topic),
  events: z.record(z.string(), event).optional(),
  streams: z.record(z.string(), stream).optional(),
  features: z
    .record(
      z.string(),
      z.union([text, z.strictObject({ sql: text, window: text, until: text.optional() })]),
    )
    .optional(),
  models: z.record(z.string(), model).optional(),
  sources: z.array(source).optional(),
  routes: z.array(route).optional(),
})
