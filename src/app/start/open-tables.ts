/** The declared topics and the product's own, their tables, and a sink for each. */
import {
  columnsOf,
  parseDuration,
  type Clock,
  type Logger,
  type Metrics,
} from '../../core/index.ts'
import type { FeatureTable } from '../../features/index.ts'
import type { TopicContract } from '../../ingest/index.ts'
import type { Lake, Maintenance, PartitionColumn } from '../../lake/index.ts'
import type { Log } from '../../log/index.ts'
import { openTableSink, type BatchPolicy, type TableSink } from '../../stream/index.ts'
import type { AppDefinition, BatchDefinition, TopicDefinition } from '../define-app.ts'
import { maintenanceOf, partitionColumnsOf } from '../definition/check-table.ts'
import {
  hasImpressions,
  IMPRESSIONS_TABLE,
  IMPRESSIONS_TOPIC,
  impressionSchema,
} from '../impressions.ts'
import { PREDICTIONS_TABLE, PREDICTIONS_TOPIC, predictionSchema } from '../prediction-log.ts'

const DEFAULT_BATCH: BatchDefinition = { rows: 10_000, idle: '30s' }
const PREDICTIONS: TopicDefinition = {
  schema: predictionSchema,
  eventTime: 'at',
  batch: { rows: 10_000, every: '60s', idle: '30s' },
}

const IMPRESSIONS: TopicDefinition = { ...PREDICTIONS, schema: impressionSchema }

export interface TableDefinition {
  readonly table: string
  readonly contract: TopicContract
  readonly partitions: number
  readonly partitionBy: readonly PartitionColumn[]
  readonly maintenance: Maintenance
  readonly policy: BatchPolicy
}

/** Tables of the app, then those of the product. */
export function tableDefinitions(app: AppDefinition): TableDefinition[] {
  const declared = Object.entries(app.topics)
    .filter(([, topic]) => topic.table !== false)
    .map(([name, topic]) => tableOf(name, name, topic))
  return [
    ...declared,
    tableOf(PREDICTIONS_TABLE, PREDICTIONS_TOPIC, PREDICTIONS),
    ...(hasImpressions(app) ? [tableOf(IMPRESSIONS_TABLE, IMPRESSIONS_TOPIC, IMPRESSIONS)] : []),
  ]
}

export function contractOf(name: string, topic: TopicDefinition): TopicContract {
  return {
    topic: name,
    schema: topic.schema,
    columns: columnsOf(topic.schema),
    ...(topic.key !== undefined && { key: topic.key }),
    ...(topic.id !== undefined && { id: topic.id }),
    ...(topic.eventTime !== undefined && { eventTime: topic.eventTime }),
  }
}

/** How features and training see a table. */
export function featureTableOf({ table, contract }: TableDefinition): FeatureTable {
  return {
    name: table,
    topic: contract.topic,
    columns: contract.columns,
    ...(contract.eventTime !== undefined && { eventTime: contract.eventTime }),
  }
}

function tableOf(table: string, name: string, topic: TopicDefinition): TableDefinition {
  return {
    table,
    contract: contractOf(name, topic),
    partitions: topic.partitions ?? 1,
    partitionBy: partitionColumnsOf(topic),
    maintenance: maintenanceOf(topic),
    policy: policyOf(topic.batch ?? DEFAULT_BATCH),
  }
}

function policyOf(batch: BatchDefinition): BatchPolicy {
  return {
    ...(batch.rows !== undefined && { rows: batch.rows }),
    ...(batch.bytes !== undefined && { bytes: batch.bytes }),
    ...(batch.every !== undefined && { everyMs: parseDuration(batch.every) }),
    ...(batch.idle !== undefined && { idleMs: parseDuration(batch.idle) }),
  }
}

export interface OpenSinksOptions {
  readonly log: Log
  readonly lake: Lake
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Creates the topic, opens table and sink. */
export async function openSink(
  definition: TableDefinition,
  options: OpenSinksOptions,
): Promise<TableSink> {
  const { table: name, contract, partitions, partitionBy, maintenance, policy } = definition
  await options.log.createTopic({ name: contract.topic, partitions })
  const { topic, columns } = contract
  const table = await options.lake.openTable({ name, topic, columns, partitionBy, maintenance })
  return openTableSink({ ...options, table, topic, columns, policy })
}
