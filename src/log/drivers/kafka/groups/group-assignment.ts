/**
 * Who gets which partitions, decided by the member that leads the group.
 *
 * Among themselves our members use Kafka's range assignment with cooperative rebalancing (KIP-429): a partition that another
 * member still holds is kept back until that member has let go of it, so nobody stops for a partition that stays. Members
 * learn by a byte of user data that another round follows.
 *
 * With other clients they speak Kafka's eager protocols by Kafka's names: everybody lets go of everything before joining.
 * The brokers choose the first protocol that all members speak.
 */
import type { TopicPartition } from '../../../../core/index.ts'
import type { Assignment, Subscription } from './consumer-protocol.ts'

export const COOPERATIVE = 'millrace-cooperative-range'

type Share = (
  members: readonly [id: string, topics: readonly string[]][],
  topics: readonly { readonly topic: string; readonly count: number }[],
) => Iterable<readonly [id: string, place: TopicPartition]>

/** Kafka's RangeAssignor: of each topic, adjacent runs in the order of the members. */
const range: Share = function* (members, topics) {
  for (const { topic, count } of topics) {
    const subscribers = members.filter(([, wanted]) => wanted.includes(topic))
    const share = Math.floor(count / subscribers.length)
    const extra = count % subscribers.length
    let partition = 0
    for (const [index, [id]] of subscribers.entries()) {
      const end = partition + share + (index < extra ? 1 : 0)
      for (; partition < end; partition++) yield [id, { topic, partition }]
    }
  }
}

/** Kafka's RoundRobinAssignor: all partitions in turn, past members that do not want the topic. */
const roundRobin: Share = function* (members, topics) {
  let turn = 0
  for (const { topic, count } of topics) {
    for (let partition = 0; partition < count; partition++) {
      while (!members[turn % members.length]![1].includes(topic)) turn++
      yield [members[turn++ % members.length]![0], { topic, partition }]
    }
  }
}

/** By the names on the wire, the preferred first. */
const SHARES: ReadonlyMap<string, Share> = new Map([
  [COOPERATIVE, range],
  ['range', range],
  ['roundrobin', roundRobin],
  // What kafkajs calls it, and speaks nothing else.
  ['RoundRobinAssigner', roundRobin],
])

export const PROTOCOL_NAMES: readonly string[] = [...SHARES.keys()]

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** Members by id in the order that they joined (ids of ours begin with their time). */
export function assign(
  protocol: string,
  members: ReadonlyMap<string, Subscription>,
  partitionsOf: (topic: string) => number,
): ReadonlyMap<string, Assignment> {
  const share = SHARES.get(protocol)
  if (share === undefined) throw new RangeError(`the group chose ${protocol}, which nobody offered`)
  const holders = new Map<string, string>()
  for (const [id, { owned }] of members) for (const place of owned) holders.set(keyOf(place), id)
  const ordered = [...members]
    .map(([id, { topics }]) => [id, topics] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const topics = [...new Set(ordered.flatMap(([, wanted]) => wanted))].toSorted()
  const counted = topics.map((topic) => ({ topic, count: partitionsOf(topic) }))
  const places = new Map<string, TopicPartition[]>(ordered.map(([id]) => [id, []]))
  let isPartial = false
  for (const [id, place] of share(
    ordered.map(([id, wanted]) => [id, wanted]),
    counted,
  )) {
    const holder = holders.get(keyOf(place))
    if (holder === undefined || holder === id) places.get(id)!.push(place)
    else isPartial = true
  }
  return new Map([...places].map(([id, list]) => [id, { places: list, isPartial, isOurs: true }]))
}
