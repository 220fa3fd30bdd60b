/** What of the log's first promise (L1) the cluster keeps: in general, by its settings, and now. */
import { quote } from '../../../core/index.ts'
import type { LogCluster } from '../../log.ts'
import { toLogError } from './kafka-errors.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import type { KafkaWire } from './kafka-wire.ts'
import { SAFE_COPIES } from './topic-admin.ts'

/** Named one by one; of more, their number. */
const NAMED = 3
const SAFE_IN_SYNC = 2
/** Left of the time for an answer when the brokers have been asked: enough to say which of them were silent. */
const ANSWER_MS = 50
const LEAST_PROBE_MS = 100

export function createClusterHealth(cluster: KafkaCluster): LogCluster {
  const { wire } = cluster
  /** Copies that an acknowledgement needs, by topic; 1 until the settings were read. */
  const needed = new Map<string, number>()

  const ask = async (topics: readonly string[], timeoutMs: number): Promise<readonly string[]> => {
    // Its own connection: an answer that others wait for must not delay this one.
    const lane = wire.openLane({ requestTimeoutMs: timeoutMs })
    const deadline = wire.clock.monotonic() + timeoutMs - ANSWER_MS
    try {
      const answer = await cluster.metadata(topics, lane)
      const left = Math.max(LEAST_PROBE_MS, deadline - wire.clock.monotonic())
      const silent = await silentBrokers(wire, answer.brokers, left)
      return answer.topics.flatMap(({ name, topicId, errorCode, partitions }) => {
        const topic = name ?? ''
        if (errorCode !== 0) return [`topic ${quote(topic)} is not there`]
        if (cluster.isReplaced(topic, topicId)) {
          return [`topic ${quote(topic)} was deleted and made again by others`]
        }
        const least = needed.get(topic) ?? 1
        return partitions.flatMap((one) => partitionFault(topic, one, least, silent))
      })
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

/**
 * Brokers of the list that do not answer, by id. Where too few controllers are left to take note of it, the survivors go on
 * naming the dead as leaders and as in sync.
 */
async function silentBrokers(
  wire: KafkaWire,
  brokers: readonly { nodeId: number; host: string; port: number }[],
  requestTimeoutMs: number,
): Promise<ReadonlyMap<number, string>> {
  const silent = new Map<number, string>()
  // A single one has just answered.
  if (brokers.length < 2) return silent
  const lane = wire.openLane({ requestTimeoutMs })
  const ask = async ({ nodeId, host, port }: (typeof brokers)[number]): Promise<void> => {
    try {
      await lane.send({ host, port }, 'Metadata', [], false, false)
    } catch {
      silent.set(nodeId, `${nodeId} (${host}:${port})`)
    }
  }
  await Promise.all(brokers.map(ask))
  await lane.close()
  return silent
}

function partitionFault(
  topic: string,
  one: { partitionIndex: number; leaderId: number; isrNodes: readonly number[] },
  needed: number,
  silent: ReadonlyMap<number, string>,
): string[] {
  const where = `partition ${one.partitionIndex} of topic ${quote(topic)}`
  if (one.leaderId < 0) return [`${where} has no leader`]
  const leader = silent.get(one.leaderId)
  if (leader !== undefined) return [`${where} is led by broker ${leader}, which does not answer`]
  const answering = one.isrNodes.filter((id) => !silent.has(id)).length
  if (answering >= needed) return []
  const absent = one.isrNodes.flatMap((id) => silent.get(id) ?? [])
  const why = absent.length === 0 ? '' : `: no answer from broker ${absent.join(' and ')}`
  return [
    `${where} has ${answering} ${answering === 1 ? 'copy' : 'copies'} in sync, needs ${needed}${why}`,
  ]
}
