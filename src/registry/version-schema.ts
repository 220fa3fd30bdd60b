/** The stored form of a version, checked when it is read back: the topic may hold what a foreign producer wrote. */
import { z } from 'zod'
import { splitNames, type ModelVersion } from './registry.ts'

const json = z.record(z.string(), z.unknown())
const figures = z.record(z.string(), z.number())
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
export const modelName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
export const versionNumber = z.int().min(1).max(999_999)

const report = z.object({
  split: z.enum(splitNames),
  rows: z.int(),
  metrics: figures,
  intervals: z.record(z.string(), z.tuple([z.number(), z.number()])).optional(),
  baseline: figures,
})

const gate = z.object({
  passed: z.boolean(),
  reason: z.string(),
  metric: z.string().optional(),
  candidate: z.number().optional(),
  champion: z.number().optional(),
  baseline: z.number().optional(),
  checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
})

const lineage = z.object({
  table: z.string(),
  batches: z.tuple([z.int(), z.int()]),
  ranges: z.array(z.object({ partition: z.int(), first: z.int(), last: z.int() })),
  files: z.array(z.object({ name: z.string(), sha256: z.string() })),
  rows: z.int(),
  seed: z.number(),
  codeVersion: z.string(),
  spec: json,
  trigger: z.string(),
  dataAsOf: z.number(),
  refreshed: z.object({ from: z.int(), users: z.int(), items: z.int() }).optional(),
})

const inputs = z.object({
  views: z.array(z.object({ view: z.string(), entity: z.string(), features: z.array(z.string()) })),
  columns: z.array(z.string()),
  categories: z.array(z.string()),
})

const search = z.object({
  method: z.enum(['grid', 'random', 'halving']),
  metric: z.string(),
  better: z.enum(['higher', 'lower']),
  rows: z.int(),
  seconds: z.number(),
  ended: z.enum(['done', 'time']),
  chosen: z.int().min(0),
  trials: z.array(
    z.object({
      params: json,
      score: z.number().optional(),
      seconds: z.number(),
      share: z.number(),
      failed: z.string().optional(),
    }),
  ),
})

export const modelVersion: z.ZodType<ModelVersion> = z.object({
  model: modelName,
  task: z.enum(['classifier', 'regressor', 'clusterer', 'recommender']),
  kind: z.string(),
  params: json,
  status: z.enum(['accepted', 'rejected']),
  inputs,
  set: z.object({ scheme: z.string(), part: z.int(), of: z.int().optional() }),
  reports: z.array(report),
  warnings: z.array(z.string()).optional(),
  importance: z
    .object({
      metric: z.string(),
      rows: z.int(),
      permutation: z.record(z.string(), z.number()),
      gain: z.record(z.string(), z.number()).optional(),
    })
    .optional(),
  search: search.optional(),
  gate,
  lineage,
  parent: versionNumber.optional(),
  durationMs: z.number(),
  version: versionNumber,
  createdAt: z.string(),
  digest: sha256,
  bytes: z.int().min(0),
})
