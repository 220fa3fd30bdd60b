import { z } from 'zod'
import { modelSchema } from './model-schemas.ts'
import { tableSummarySchema } from './table-schemas.ts'

export const roleSchema = z.object({
  role: z.enum(['ingest', 'query', 'serve']),
  ready: z.boolean(),
  waiting: z.array(z.string()).describe('What is missing and how much'),
  warnings: z.array(z.string()).describe('What works and is weaker than promised'),
})

const sourceSchema = z.object({
  topic: z.string(),
  source: z.string(),
  position: z.int(),
  total: z.int().optional(),
  accepted: z.int(),
  duplicates: z.int(),
  deadLettered: z.int(),
  ratePerSecond: z.number(),
  state: z.enum(['running', 'done', 'stopped', 'failed']),
  error: z.string().optional(),
})

export const statusAnswer = z.object({
  app: z.string(),
  version: z.string(),
  startedAt: z.string(),
  uptimeSeconds: z.number(),
  ready: z.boolean(),
  roles: z.array(roleSchema),
  sources: z.array(sourceSchema),
  topics: z.array(z.object({ name: z.string(), records: z.int(), end: z.int() })),
  tables: z.array(tableSummarySchema),
  models: z.array(modelSchema),
  jobs: z.object({ queued: z.int(), running: z.int() }),
  warnings: z.array(z.string()),
})
