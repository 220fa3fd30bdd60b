/** The broker's limits: every one with its reason. All are settings. */
import type { BrokerLimits } from './broker.ts'

const MIB = 1024 * 1024
const MINUTE = 60_000

export const defaultBrokerLimits: BrokerLimits = {
  // Twice the largest batch: a request may carry several partitions.
  frameBytes: 16 * MIB,
  // Eight times what Apache Kafka takes by default, because not every client splits.
  batchBytes: 8 * MIB,
  fetchBytes: 8 * MIB,
  fetchMemoryBytes: 64 * MIB,
  // Four clients that read whole topics as fast as they can.
  readAheadBytes: 32 * MIB,
  connections: 1_000,
  pendingBytes: 16 * MIB,
  requestMemoryBytes: 128 * MIB,
  stallMs: 30_000,
  // As `connections.max.idle.ms`.
  idleMs: 10 * MINUTE,
  topics: 1_000,
  // Each partition that is written to keeps a file open.
  partitions: 4_000,
  groups: 10_000,
  groupMembers: 500,
  groupBytes: 32 * MIB,
  // As `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
  minSessionMs: 6_000,
  maxSessionMs: 30 * MINUTE,
}
