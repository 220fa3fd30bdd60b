import { z } from 'zod'
import { offsetRangeSchema } from './event-schemas.ts'

export const taskSchema = z.enum(['classifier', 'regressor', 'clusterer', 'recommender'])
const figures = z.record(z.string(), z.number())

export const setSchema = z.object({
  scheme: z.string(),
  part: z.int(),
  of: z.int().optional(),
})

export const reportSchema = z.object({
  split: z.enum([
    'time',
    'random',
    'grouped',
    'folds',
    'gate',
    'gate-newest',
    'reference',
    'train',
  ]),
  rows: z.int(),
  metrics: figures,
  intervals: z
    .record(z.string(), z.array(z.number()))
    .optional()
    .describe('Low and high end of the 95 % interval of each metric'),
  baseline: figures.describe("The trivial baseline's value of each metric"),
})

export const gateSchema = z.object({
  passed: z.boolean(),
  reason: z.string(),
  metric: z.string().optional(),
  candidate: z.number().optional(),
  champion: z.number().optional(),
  baseline: z.number().optional(),
  checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
})

export const lineageSchema = z.object({
  table: z.string(),
  batches: z.array(z.int()),
  ranges: z.array(offsetRangeSchema),
  files: z.array(z.object({ name: z.string(), sha256: z.string() })),
  rows: z.int(),
  seed: z.int(),
  codeVersion: z.string(),
  spec: z.record(z.string(), z.unknown()),
  trigger: z.string(),
  dataAsOf: z.number(),
  refreshed: z
    .object({
      from: z.int().describe('The version that it goes on from'),
      users: z.int().describe('Users that were learned again'),
      items: z.int().describe('Items that were learned again'),
    })
    .optional()
    .describe('Absent when the version was learned from its set alone'),
})

export const versionSummarySchema = z.object({
  model: z.string(),
  version: z.int(),
  status: z.enum(['accepted', 'rejected']),
  aliases: z.array(z.string()),
  kind: z.string(),
  task: taskSchema,
  set: setSchema,
  rows: z.int().describe('Rows it was trained on'),
  reports: z.array(reportSchema),
  warnings: z
    .array(z.string())
    .optional()
    .describe('What in the reports should make one doubt; absent when nothing does'),
  gate: gateSchema,
  createdAt: z.string(),
  durationMs: z.number(),
  digest: z.string(),
})

const importanceSchema = z
  .object({
    metric: z.string(),
    rows: z.int().describe('Gate rows that were asked'),
    permutation: z
      .record(z.string(), z.number())
      .describe('How much worse the metric gets when this input is shuffled among the rows'),
    gain: z
      .record(z.string(), z.number())
      .optional()
      .describe('Share of the loss that splits by this input took away, for trees'),
  })
  .describe('What the answers rest on; absent with fewer than 50 gate rows')

const searchSchema = z
  .object({
    method: z.enum(['grid', 'random', 'halving']),
    metric: z.string(),
    better: z.enum(['higher', 'lower']),
    rows: z
      .int()
      .describe('Rows of the validation split; no test row and no gate row is among them'),
    seconds: z.number(),
    ended: z.enum(['done', 'time']).describe('time: it was up before everything was tried'),
    chosen: z.int().describe('Index of the trial whose parameters were chosen'),
    trials: z
      .array(
        z.object({
          params: z.record(z.string(), z.unknown()),
          score: z
            .number()
            .optional()
            .describe('Absent when these parameters could not be fitted or scored'),
          seconds: z.number(),
          share: z.number().describe('Part of the training rows that it learned from'),
          failed: z.string().optional(),
        }),
      )
      .describe('In the order in which they were tried; the first one was declared'),
  })
  .describe('How the parameters were found; absent when they were declared')

export const versionSchema = versionSummarySchema.extend({
  importance: importanceSchema.optional(),
  search: searchSchema.optional(),
  params: z.record(z.string(), z.unknown()),
  lineage: lineageSchema,
  parent: z.int().optional(),
  bytes: z.int(),
})

export const liveSchema = z
  .object({
    version: z.int(),
    digest: z.string(),
    loadedAt: z.string(),
  })
  .nullable()

export const modelSchema = z.object({
  name: z.string(),
  task: taskSchema,
  kind: z.string(),
  table: z.string(),
  versions: z.int(),
  champion: z.int().nullable(),
  aliases: z.record(z.string(), z.int()),
  live: liveSchema.describe('What serves now; null before the first version'),
  problem: z.string().nullable().describe('Why the promoted version cannot serve'),
  waiting: z.string().nullable().describe('What the first version waits for'),
})

export const historySchema = z.object({
  model: z.string(),
  at: z.string(),
  action: z.enum([
    'registered',
    'rejected',
    'promoted',
    'rolled-back',
    'alias-set',
    'alias-removed',
  ]),
  version: z.int(),
  previous: z.int().optional(),
  alias: z.string().optional(),
  by: z.string(),
  reason: z.string(),
})

export const jobSchema = z.object({
  id: z.string(),
  model: z.string(),
  trigger: z.string(),
  mode: z.literal('refresh').optional().describe('Absent: a full training'),
  state: z.enum(['queued', 'running', 'succeeded', 'rejected', 'failed', 'cancelled']),
  progress: z.number().describe('0 to 1'),
  set: z.object({
    scheme: z.string(),
    part: z.int(),
    of: z.int().optional(),
    batches: z.array(z.int()),
  }),
  queuedAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  memoryBytes: z.number().optional(),
  version: z.int().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})

const reasonSchema = z.object({
  feature: z.string(),
  value: z.union([z.number(), z.string(), z.null()]),
  effect: z.number().describe('Log-odds of label 1, or units of the value'),
})

export const predictionSchema = z.object({
  label: z.union([z.literal(0), z.literal(1)]).optional(),
  probability: z.number().optional(),
  value: z.number().optional(),
  cluster: z.int().optional(),
  clusterLabel: z.string().optional(),
  distance: z.number().optional(),
  fallback: z
    .object({ unknown: z.array(z.string()), used: z.string() })
    .optional()
    .describe('Set when an entity or level is unknown'),
  reasons: z.array(reasonSchema).optional().describe('Largest effects first'),
  explanation: z
    .object({
      base: z.number().describe('Score of a row of which nothing is known'),
      score: z.number().describe('base + Σ effects: log-odds of label 1, or the value'),
      contributions: z.array(reasonSchema),
    })
    .optional()
    .describe('With explain=true'),
})

export const predictAnswer = z.object({
  model: z.string(),
  task: taskSchema,
  version: z.int(),
  digest: z.string(),
  set: setSchema,
  dataAsOf: z.number().nullable().describe('Largest event time that the features know'),
  predictions: z.array(predictionSchema),
})

export const pastFeaturesAnswer = z.object({
  model: z.string(),
  table: z.string(),
  asOf: z.string().describe('No event from this moment on is in a feature'),
  horizonMs: z.number().describe('How far ahead of it the label looks, milliseconds'),
  key: z.string().describe('Column that names the entity'),
  names: z.array(z.string()).describe('Features, in their order'),
  rows: z.array(
    z.object({
      entity: z.string(),
      features: z.record(z.string(), z.number().nullable()),
      label: z.number().nullable().describe('0 or 1; null while it can still change'),
    }),
  ),
  next: z.string().nullable().describe('Give it as `after` for the next page; null at the end'),
})
