/** What a topic is made of, as its creator gave it: defaults, bounds, and what makes two descriptions the same. */
import { checkTopicName, coreError } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import { defaultTopicConfig } from '../../../default-topic-config.ts'
import type { TopicConfig, TopicSpec } from '../../../log.ts'

/** A spec with its defaults filled in. */
export interface ResolvedSpec {
  readonly name: string
  readonly partitions: number
  readonly config: TopicConfig
}

const MAX_PARTITIONS = 1_000
const isCount = (value: number, low: number): boolean => Number.isSafeInteger(value) && value >= low

/** The spec with its defaults. Throws CORE_INVALID_NAME, CORE_INVALID_INPUT. */
export function resolveSpec(spec: TopicSpec): ResolvedSpec {
  const name = checkTopicName(spec.name)
  const partitions = spec.partitions ?? 1
  const config: TopicConfig = { ...defaultTopicConfig, ...spec.config }
  const wrong =
    !isCount(partitions, 1) || partitions > MAX_PARTITIONS
      ? `partitions ${partitions}: use 1 to ${MAX_PARTITIONS}`
      : !isCount(config.retentionMs, -1)
        ? `retentionMs ${config.retentionMs}: use milliseconds, or -1 for ever`
        : !isCount(config.retentionBytes, -1)
          ? `retentionBytes ${config.retentionBytes}: use bytes, or -1 for no bound`
          : !isCount(config.segmentBytes, 1)
            ? `segmentBytes ${config.segmentBytes}: use bytes, at least 1`
            : !isCount(config.tombstoneMs, 0)
              ? `tombstoneMs ${config.tombstoneMs}: use milliseconds, at least 0`
              : undefined
  if (wrong !== undefined) {
    throw coreError('CORE_INVALID_INPUT', `topic "${name}" cannot have ${wrong}`, {
      details: { topic: name },
    })
  }
  return { name, partitions, config }
}

/** Throws LOG_TOPIC_EXISTS when a topic of this name has other partitions or another config. */
export function checkSame(existing: ResolvedSpec, wanted: ResolvedSpec): void {
  const differences: string[] = []
  if (existing.partitions !== wanted.partitions) {
    differences.push(`partitions ${existing.partitions}, not ${wanted.partitions}`)
  }
  for (const key of Object.keys(wanted.config) as (keyof TopicConfig)[]) {
    if (existing.config[key] !== wanted.config[key]) {
      differences.push(`${key} ${existing.config[key]}, not ${wanted.config[key]}`)
    }
  }
  if (differences.length === 0) return
  throw logError(
    'LOG_TOPIC_EXISTS',
    `topic "${wanted.name}" exists with ${differences.join('; ')}: use these settings, or delete it first`,
    { details: { topic: wanted.name } },
  )
}

/** Throws CORE_INVALID_INPUT unless the topic gets more partitions, and not too many. */
export function checkGrowth(topic: string, before: number, wanted: number): void {
  if (isCount(wanted, before + 1) && wanted <= MAX_PARTITIONS) return
  throw coreError(
    'CORE_INVALID_INPUT',
    `topic "${topic}" has ${before} partitions and cannot have ${wanted}: use ${before + 1} to ${MAX_PARTITIONS}`,
    { details: { field: 'partitions', topic } },
  )
}
