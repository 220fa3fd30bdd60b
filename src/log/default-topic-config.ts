import type { TopicConfig } from './log.ts'

const MIB = 1024 * 1024

/** What a topic has when nobody says otherwise: its records stay for ever. */
export const defaultTopicConfig: TopicConfig = {
  cleanup: 'delete',
  retentionMs: -1,
  retentionBytes: -1,
  segmentBytes: 128 * MIB,
  tombstoneMs: 24 * 3_600_000,
}
