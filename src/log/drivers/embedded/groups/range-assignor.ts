/**
 * Kafka's range assignment: of each topic, members in the order they joined get adjacent runs of partitions; the first
 * ones get one more when it does not divide.
 */
import type { TopicPartition } from '../../../../core/index.ts'

export interface Subscriber {
  readonly topics: readonly string[]
}

export function assignRange<Member extends Subscriber>(
  members: readonly Member[],
  partitionsOf: (topic: string) => number,
): Map<Member, TopicPartition[]> {
  const assignment = new Map<Member, TopicPartition[]>(members.map((member) => [member, []]))
  const topics = [...new Set(members.flatMap((member) => member.topics))].toSorted()
  for (const topic of topics) {
    const subscribers = members.filter((member) => member.topics.includes(topic))
    const count = partitionsOf(topic)
    const share = Math.floor(count / subscribers.length)
    const extra = count % subscribers.length
    let partition = 0
    for (const [index, member] of subscribers.entries()) {
      const end = partition + share + (index < extra ? 1 : 0)
      for (; partition < end; partition++) assignment.get(member)!.push({ topic, partition })
    }
  }
  return assignment
}
