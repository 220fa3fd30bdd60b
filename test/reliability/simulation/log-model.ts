/** What is known of the whole log: its topics, and what the one consumer group committed. */
import { PartitionModel } from './partition-model.ts'
import type { TopicPlan } from './schedule.ts'

export interface TopicModel {
  readonly plan: TopicPlan
  /** `either`: a crash or failure came while it was made or deleted. */
  state: 'absent' | 'present' | 'either'
  /** Its description was damaged: it may refuse everything. */
  isDamaged: boolean
  incarnation: number
  partitions: PartitionModel[]
  /** What may be committed for each partition, undefined for nothing. */
  committed: Set<number | undefined>[]
}

export class LogModel {
  readonly topics: ReadonlyMap<string, TopicModel>
  /** The topic of the committed offsets was damaged: groups may begin anywhere. */
  areOffsetsDamaged = false

  constructor(plans: readonly TopicPlan[]) {
    this.topics = new Map(
      plans.map((plan) => [
        plan.name,
        { plan, state: 'absent', isDamaged: false, incarnation: 0, partitions: [], committed: [] },
      ]),
    )
  }

  topic(name: string): TopicModel {
    const topic = this.topics.get(name)
    if (topic === undefined) throw new RangeError(`no plan for topic ${name}`)
    return topic
  }

  /** A topic of this name begins anew. */
  begin(topic: TopicModel): void {
    const { plan } = topic
    topic.incarnation++
    topic.isDamaged = false
    topic.partitions = Array.from({ length: plan.partitions }, (_, partition) => {
      const name = `${plan.name}#${topic.incarnation}/${partition}`
      return new PartitionModel(name, plan.cleanup === 'compact')
    })
    topic.committed = topic.partitions.map(() => new Set([undefined]))
  }

  get isDamaged(): boolean {
    return (
      this.areOffsetsDamaged ||
      [...this.topics.values()].some(
        ({ isDamaged, partitions }) => isDamaged || partitions.some((one) => one.isDamaged),
      )
    )
  }

  /** Something at this path was damaged at rest. */
  damaged(path: string): void {
    const [, name, file = ''] = /\/topics\/([^/]+)\/(.+)$/.exec(path) ?? []
    // Indexes are a cache: damage of one excuses nothing. Nor does damage of the lock or the mark of an orderly close.
    if (name === undefined || file.endsWith('.index')) return
    if (name === '__millrace-offsets') this.areOffsetsDamaged = true
    const topic = this.topics.get(name)
    if (topic === undefined) return
    const partition = /^(\d+)\/\d+\.log$/.exec(file)?.[1]
    if (partition === undefined) topic.isDamaged = true
    else if (topic.partitions[Number(partition)])
      topic.partitions[Number(partition)]!.isDamaged = true
  }
}
