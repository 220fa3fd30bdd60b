/** Gauges that are looked up when somebody asks for the metrics. */
import type { Metrics } from '../core/index.ts'
import type { FeatureStore } from '../features/index.ts'
import type { Lake } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import type { Registry } from '../registry/index.ts'

export async function collectGauges(options: {
  readonly log: Log
  readonly lake: Lake
  readonly features: FeatureStore
  readonly registry: Registry
  readonly metrics: Metrics
}): Promise<void> {
  const { metrics } = options
  for (const { name, partitions } of await options.log.topics()) {
    for (const { partition, end } of partitions) {
      metrics.record('log_end_offset', { topic: name, partition }, end)
    }
  }
  for (const { group, offsets } of await options.log.groups()) {
    for (const { topic, partition, lag } of offsets) {
      metrics.record('consumer_lag', { group, topic, partition }, lag)
    }
  }
  for (const table of options.lake.tables()) {
    const { files, bytes, rows } = table.snapshot()
    const labels = { table: table.name }
    metrics.record('lake_files', labels, files.length)
    metrics.record('lake_bytes', labels, bytes)
    metrics.record('lake_rows', labels, rows)
  }
  for (const { name: model, champion } of options.registry.models()) {
    if (champion !== undefined) metrics.record('model_promoted_version', { model }, champion)
  }
  for (const { view, lagRecords } of options.features.freshness()) {
    metrics.record('feature_lag_records', { view }, lagRecords)
  }
}
