/** The types of answers, for those who call the API from TypeScript. */
import type { z } from 'zod'
import type { receiveAnswer } from './schemas/event-schemas.ts'
import type {
  historySchema,
  jobSchema,
  modelSchema,
  pastFeaturesAnswer,
  predictAnswer,
  reportSchema,
  versionSchema,
  versionSummarySchema,
} from './schemas/model-schemas.ts'
import type { becauseAnswer, listAnswer } from './schemas/recommendation-schemas.ts'
import type { streamSchema } from './schemas/stream-schemas.ts'
import type { roleSchema, statusAnswer } from './schemas/system-schemas.ts'
import type {
  batchSchema,
  sqlAnswer,
  tableSchema,
  tableSummarySchema,
} from './schemas/table-schemas.ts'
import type {
  groupSchema,
  ledgerSchema,
  letterRecordSchema,
  recordsAnswer,
  topicSchema,
} from './schemas/topic-schemas.ts'

export type BatchAnswer = z.output<typeof batchSchema>
export type BecauseAnswer = z.output<typeof becauseAnswer>
export type GroupAnswer = z.output<typeof groupSchema>
export type HistoryAnswer = z.output<typeof historySchema>
export type JobAnswer = z.output<typeof jobSchema>
export type LedgerAnswer = z.output<typeof ledgerSchema>
export type LetterAnswer = z.output<typeof letterRecordSchema>
export type ListAnswer = z.output<typeof listAnswer>
export type ModelAnswer = z.output<typeof modelSchema>
export type PastFeaturesAnswer = z.output<typeof pastFeaturesAnswer>
export type PredictionAnswer = z.output<typeof predictAnswer>
export type ReceiveAnswer = z.output<typeof receiveAnswer>
export type RecordsAnswer = z.output<typeof recordsAnswer>
export type ReportAnswer = z.output<typeof reportSchema>
export type RoleAnswer = z.output<typeof roleSchema>
export type SqlAnswer = z.output<typeof sqlAnswer>
export type StatusAnswer = z.output<typeof statusAnswer>
export type StreamAnswer = z.output<typeof streamSchema>
export type TableAnswer = z.output<typeof tableSchema>
export type TableSummaryAnswer = z.output<typeof tableSummarySchema>
export type TopicAnswer = z.output<typeof topicSchema>
export type VersionAnswer = z.output<typeof versionSchema>
export type VersionSummaryAnswer = z.output<typeof versionSummarySchema>
