/** Earliest, end and by-time offsets of partitions. */
import type { TopicPartition } from '../../../core/index.ts'
import { brokerFault, BrokerError, PROTOCOL } from './kafka-errors.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import type { BrokerAddress } from './kafka-options.ts'
import { describe } from './protocol/produce-request.ts'
import { offsetOf } from './protocol/record-decoder.ts'

export interface OffsetQuery extends TopicPartition {
  /** Milliseconds since 1970, or a place. */
  readonly at: number | 'earliest' | 'end'
}

const LATEST = -1n
const EARLIEST = -2n
const CONSUMER = -1

/** By `topic/partition`; partitions without an offset at that time are missing. */
export async function listOffsets(
  cluster: KafkaCluster,
  queries: readonly OffsetQuery[],
): Promise<ReadonlyMap<string, number>> {
  return cluster.wire.retry(
    'look up offsets',
    async () => {
      const byLeader = new Map<string, { leader: BrokerAddress; queries: OffsetQuery[] }>()
      for (const query of queries) {
        const leader = await cluster.leader(query.topic, query.partition)
        const key = `${leader.host}:${leader.port}`
        const share = byLeader.get(key)
        if (share === undefined) byLeader.set(key, { leader, queries: [query] })
        else share.queries.push(query)
      }
      const answers = await Promise.all([...byLeader.values()].map((share) => ask(cluster, share)))
      return new Map(answers.flat())
    },
    { onRetry: () => queries.forEach(({ topic }) => cluster.forget(topic)) },
  )
}

async function ask(
  cluster: KafkaCluster,
  { leader, queries }: { leader: BrokerAddress; queries: readonly OffsetQuery[] },
): Promise<[string, number][]> {
  const names = [...new Set(queries.map(({ topic }) => topic))]
  const topics = names.map((name) => ({
    name,
    partitions: queries
      .filter(({ topic }) => topic === name)
      .map(({ partition, at }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: -1,
        timestamp:
          at === 'end' ? LATEST : at === 'earliest' || at < 0 ? EARLIEST : BigInt(Math.ceil(at)),
      })),
  }))
  const { isolation } = cluster.wire.options
  const answer = await cluster.lane
    .send(leader, 'ListOffsets', CONSUMER, isolation, topics)
    .catch((error: unknown) => {
      if (brokerFault(error)?.code === PROTOCOL.UNKNOWN_TOPIC_OR_PARTITION)
        return cluster.refresh(names[0]!)
      throw error
    })
  return answer.topics.flatMap(({ name, partitions }) =>
    partitions
      .map(({ partitionIndex, errorCode, offset }): [string, number] => {
        if (errorCode !== 0)
          throw new BrokerError(errorCode, describe(errorCode), describe(errorCode))
        return [`${name}/${partitionIndex}`, offsetOf(offset)]
      })
      .filter(([, offset]) => offset >= 0),
  )
}
