/** Connects the table of metrics to a Prometheus registry: one counter, gauge or histogram per row, prefix `millrace_`. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  metricTable,
  type MetricLabels,
  type MetricName,
  type Metrics,
  type MetricSpec,
} from '../core/index.ts'

const PREFIX = 'millrace_'

export interface MetricsRegistry extends Metrics {
  /** Called before each exposition, for values that are looked up and not counted. */
  onCollect(collect: () => void | Promise<void>): void
  /** Prometheus text exposition, version 0.0.4. */
  text(): Promise<string>
}

export function createMetricsRegistry(): MetricsRegistry {
  const registry = new Registry()
  const record = new Map<string, (labels: Record<string, string | number>, value: number) => void>()
  const collectors: (() => void | Promise<void>)[] = []
  for (const [name, spec] of Object.entries(metricTable) as [MetricName, MetricSpec][]) {
    record.set(name, createMetric(registry, name, spec))
  }
  return {
    record<Name extends MetricName>(name: Name, labels: MetricLabels<Name>, value: number): void {
      record.get(name)?.(labels, value)
    },
    onCollect(collect) {
      collectors.push(collect)
    },
    async text() {
      for (const collect of collectors) await collect()
      return registry.metrics()
    },
  }
}

function createMetric(
  registry: Registry,
  name: MetricName,
  spec: MetricSpec,
): (labels: Record<string, string | number>, value: number) => void {
  const options = {
    name: PREFIX + name,
    help: spec.help,
    labelNames: [...spec.labels],
    registers: [registry],
  }
  if (spec.type === 'counter') {
    const counter = new Counter(options)
    return (labels, value) => counter.inc(labels, value)
  }
  if (spec.type === 'gauge') {
    const gauge = new Gauge(options)
    return (labels, value) => gauge.set(labels, value)
  }
  const histogram = new Histogram({ ...options, buckets: [...(spec.buckets ?? [])] })
  return (labels, value) => histogram.observe(labels, value)
}
