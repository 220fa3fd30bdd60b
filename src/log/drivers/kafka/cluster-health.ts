/** What of the log's first promise (L1) the cluster keeps: in general, by its settings, and now. */
import { quote } from '../../../core/index.ts'
import type { LogCluster } from '../../log.ts'
import { toLogError } from './kafka-errors.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import { SAFE_COPIES } from './topic-admin.ts'

/** Named one by one; of more, their number. */
const NAMED = 3
const SAFE_IN_SYNC = 2

export function createClusterHealth(cluster: KafkaCluster): LogCluster {
  const { wire } = cluster
  /** Copies that an acknowledgement needs, by topic; 1 until the settings were read. */
  const needed = new Map<string, number>()

  const ask = async (topics: readonly string[], timeoutMs: number): Promise<readonly string[]> => {
    // Its own connection: an answer that others wait for must not delay this one.
    const lane = wire.openLane({ requestTimeoutMs: timeoutMs })
    try {
      const answer = await cluster.metadata(topics, lane)
      return answer.topics.flatMap(({ name, errorCode, partitions }) =>
        errorCode === 0
          ? partitions.flatMap((one) =>
              partitionFault(name ?? '', one, needed.get(name ?? '') ?? 1),
            )
          : [`topic ${quote(name ?? '')} is not there`],
      )
    } catch (error) {
      return [toLogError(error, 'reach the brokers', wire.at).message]
    } finally {
      await lane.close()
    }
  }

  return {
    at: wire.at,
    applicationId: wire.options.applicationId,
    async faults(topics, timeoutMs) {
      const late = [`Kafka at ${wire.at} did not answer within ${timeoutMs} ms: is it running?`]
      const answered = new AbortController()
      const limit = wire.clock.sleep(timeoutMs, answered.signal).then(
        () => late,
        () => late,
      )
      try {
        return await Promise.race([ask(topics, timeoutMs), limit])
      } finally {
        answered.abort()
      }
    },
    async shortcomings(topics) {
      const { brokers } = await wire.retry('look up the brokers', () => cluster.metadata([]))
      const weak: string[] = []
      for (const name of topics) {
        cluster.forget(name)
        const { partitions, minInsync } = await cluster.topic(name)
        needed.set(name, minInsync)
        const copies = Math.min(...partitions.map(({ placement }) => placement.replicas.length))
        if (copies >= SAFE_COPIES && minInsync >= SAFE_IN_SYNC) continue
        weak.push(`${name} (${copies} ${copies === 1 ? 'copy' : 'copies'}, ${minInsync} in sync)`)
      }
      return weak.length === 0 ? [] : [sentence(weak, brokers.length)]
    },
  }
}

function sentence(weak: readonly string[], brokers: number): string {
  const named = weak.slice(0, NAMED).join(', ')
  const more = weak.length > NAMED ? ` and ${weak.length - NAMED} more topics` : ''
  const remedy =
    brokers < SAFE_COPIES
      ? `run ${SAFE_COPIES} brokers (there ${brokers === 1 ? 'is 1' : `are ${brokers}`})`
      : `make them with ${SAFE_COPIES} copies`
  return `an acknowledged event may be lost with one broker: ${named}${more}; ${remedy} and min.insync.replicas=${SAFE_IN_SYNC}`
}

function partitionFault(
  topic: string,
  one: { partitionIndex: number; leaderId: number; isrNodes: readonly number[] },
  needed: number,
): string[] {
  const where = `partition ${one.partitionIndex} of topic ${quote(topic)}`
  if (one.leaderId < 0) return [`${where} has no leader`]
  const inSync = one.isrNodes.length
  return inSync < needed ? [`${where} has ${inSync} copies in sync, needs ${needed}`] : []
}
