/**
 * Settings of a topic as Kafka spells them, and ours. A setting that we do not have is accepted when it asks for what we do
 * anyway, and refused by name otherwise: nothing is taken and then ignored.
 */
import { defaultTopicConfig, type TopicConfig } from '../../log/index.ts'

export interface ConfigEntry {
  readonly name: string
  readonly value: string
  /** Kafka's ConfigDef types, as DescribeConfigs v3 numbers them. */
  readonly type: number
  readonly isReadOnly: boolean
  /** Where it comes from, as DescribeConfigs numbers it. */
  readonly source: number
}

/** Given to the topic, or what always holds. */
const FROM_TOPIC = 1
const FROM_DEFAULT = 5

const INT = 3
const LONG = 5
const LIST = 7
const STRING = 2

type Parse = (value: string) => Partial<TopicConfig> | undefined

const whole =
  (key: 'retentionMs' | 'retentionBytes' | 'segmentBytes' | 'tombstoneMs', low: number): Parse =>
  (value) => {
    const number = Number(value)
    return /^-?\d+$/.test(value) && number >= low && Number.isSafeInteger(number)
      ? { [key]: number }
      : undefined
  }

const CLEANUP: Parse = (value) => {
  if (value === 'delete' || value === 'compact') return { cleanup: value }
  return undefined
}

const SETTINGS: Readonly<Record<string, Parse>> = {
  'cleanup.policy': CLEANUP,
  'retention.ms': whole('retentionMs', -1),
  'retention.bytes': whole('retentionBytes', -1),
  'segment.bytes': whole('segmentBytes', 1),
  'delete.retention.ms': whole('tombstoneMs', 0),
}

type Holds = (value: string, maxBatchBytes: number) => boolean
const only =
  (fixed: string): Holds =>
  (value) =>
    value === fixed
const always: Holds = () => true

/** Settings that nobody can change here: whether what is asked for holds anyway. */
const FIXED: Readonly<Record<string, Holds>> = {
  'compression.type': only('producer'),
  // Every acknowledged batch is synced, so any flush interval is kept.
  'flush.messages': always,
  'flush.ms': always,
  // Every batch that the client wants to be taken is taken.
  'max.message.bytes': (value, maxBatchBytes) => Number(value) <= maxBatchBytes,
  // Timestamps are data: none is refused for being far from now.
  'message.timestamp.after.max.ms': only('9223372036854775807'),
  'message.timestamp.before.max.ms': only('9223372036854775807'),
  'message.timestamp.type': only('CreateTime'),
  'min.insync.replicas': only('1'),
  'unclean.leader.election.enable': only('false'),
}

/** The settings of a topic that a client asks for, or why not. */
export function readConfigs(
  entries: readonly { readonly name: string; readonly value: string | null }[],
  maxBatchBytes: number,
): { readonly config: Partial<TopicConfig> } | { readonly wrong: string } {
  let config: Partial<TopicConfig> = {}
  for (const { name, value } of entries) {
    if (value === null) continue
    const parse = SETTINGS[name]
    const holds = FIXED[name]
    if (parse !== undefined) {
      const parsed = parse(value)
      if (parsed === undefined) return { wrong: `${name}=${value} is not supported` }
      config = { ...config, ...parsed }
    } else if (holds === undefined) {
      return { wrong: `there is no setting ${name}: use ${Object.keys(SETTINGS).join(', ')}` }
    } else if (!holds(value, maxBatchBytes)) {
      return { wrong: `${name}=${value} is not supported: leave it out` }
    }
  }
  return { config }
}

/** A topic's settings as DescribeConfigs and CreateTopics tell them. */
export function describeTopicConfig(config: TopicConfig, maxBatchBytes: number): ConfigEntry[] {
  const own = (name: string, key: keyof TopicConfig, type: number): ConfigEntry => {
    const source = config[key] === defaultTopicConfig[key] ? FROM_DEFAULT : FROM_TOPIC
    return { name, value: String(config[key]), type, isReadOnly: false, source }
  }
  return [
    own('cleanup.policy', 'cleanup', LIST),
    fixed('compression.type', 'producer', STRING),
    own('delete.retention.ms', 'tombstoneMs', LONG),
    fixed('flush.messages', 1, LONG),
    fixed('max.message.bytes', maxBatchBytes, INT),
    fixed('message.timestamp.type', 'CreateTime', STRING),
    fixed('min.insync.replicas', 1, INT),
    own('retention.bytes', 'retentionBytes', LONG),
    own('retention.ms', 'retentionMs', LONG),
    own('segment.bytes', 'segmentBytes', INT),
  ]
}

/** The settings of the broker itself. */
export const describeBrokerConfig = (
  maxBatchBytes: number,
  maxFrameBytes: number,
): ConfigEntry[] => [
  fixed('default.replication.factor', 1, INT),
  fixed('log.flush.interval.messages', 1, LONG),
  fixed('message.max.bytes', maxBatchBytes, INT),
  fixed('num.partitions', 1, INT),
  fixed('socket.request.max.bytes', maxFrameBytes, INT),
]

function fixed(name: string, value: string | number, type: number): ConfigEntry {
  return { name, value: String(value), type, isReadOnly: true, source: FROM_DEFAULT }
}
