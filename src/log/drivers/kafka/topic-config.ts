/** The log's topic settings in Kafka's words, and back. */
import type { TopicConfig } from '../../log.ts'

const MIB = 1024 * 1024
/** Apache Kafka 4 refuses smaller segments (KIP-1030). */
export const MIN_SEGMENT_BYTES = MIB
const HOUR_MS = 3_600_000

export const DEFAULT_CONFIG: TopicConfig = {
  cleanup: 'delete',
  retentionMs: -1,
  retentionBytes: -1,
  segmentBytes: 128 * MIB,
  tombstoneMs: 24 * HOUR_MS,
}

/** What `createTopic` makes of a wish. */
export function resolveConfig(config: Partial<TopicConfig> = {}): TopicConfig {
  const wanted = { ...DEFAULT_CONFIG, ...config }
  return { ...wanted, segmentBytes: Math.max(wanted.segmentBytes, MIN_SEGMENT_BYTES) }
}

export function toKafkaConfig(
  config: TopicConfig,
  more: { maxMessageBytes: number; minInsync: number | undefined },
): { name: string; value: string }[] {
  const entries: Record<string, string> = {
    'cleanup.policy': config.cleanup,
    'retention.ms': String(config.retentionMs),
    'retention.bytes': String(config.retentionBytes),
    'segment.bytes': String(config.segmentBytes),
    'delete.retention.ms': String(config.tombstoneMs),
    'max.message.bytes': String(more.maxMessageBytes),
    'message.timestamp.type': 'CreateTime',
  }
  if (more.minInsync !== undefined) entries['min.insync.replicas'] = String(more.minInsync)
  return Object.entries(entries).map(([name, value]) => ({ name, value }))
}

/**
 * Timestamps are data here and never order anything, so the broker must not refuse those far from now. Apache Kafka only:
 * other brokers need not know the names.
 */
export const TIMESTAMP_BOUNDS = [
  { name: 'message.timestamp.before.max.ms', value: '9223372036854775807' },
  { name: 'message.timestamp.after.max.ms', value: '9223372036854775807' },
]

export interface KafkaTopicConfig {
  readonly config: TopicConfig
  /** Largest batch that the broker takes. */
  readonly maxMessageBytes: number
  readonly minInsync: number
}

/** Kafka's own default, for a broker that does not say. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588

export function fromKafkaConfig(
  entries: readonly { readonly name: string; readonly value?: string | null }[],
): KafkaTopicConfig {
  const values = new Map(entries.map(({ name, value }) => [name, value]))
  const number = (name: string, preset: number): number => {
    const text = values.get(name)
    const value = Number(text)
    if (text === null || text === undefined || text === '' || Number.isNaN(value)) return preset
    return Math.min(value, Number.MAX_SAFE_INTEGER)
  }
  return {
    config: {
      cleanup: values.get('cleanup.policy')?.includes('compact') === true ? 'compact' : 'delete',
      retentionMs: number('retention.ms', DEFAULT_CONFIG.retentionMs),
      retentionBytes: number('retention.bytes', DEFAULT_CONFIG.retentionBytes),
      segmentBytes: number('segment.bytes', DEFAULT_CONFIG.segmentBytes),
      tombstoneMs: number('delete.retention.ms', DEFAULT_CONFIG.tombstoneMs),
    },
    maxMessageBytes: number('max.message.bytes', DEFAULT_MAX_MESSAGE_BYTES),
    minInsync: number('min.insync.replicas', 1),
  }
}
