/** What is known of the whole log: its topics, and what the one consumer group committed. */
import type { Harm } from '../../../src/testing/simulated-disk.ts'
import { SEGMENT_HEADER_BYTES } from '../../../src/log/drivers/embedded/format/segment-header.ts'
import { harmedBatches } from './harmed-batches.ts'
import { PartitionModel } from './partition-model.ts'
import type { TopicPlan } from './schedule.ts'

export interface TopicModel {
  readonly plan: TopicPlan
  /** `either`: a crash or failure came while it was made or deleted. */
  state: 'absent' | 'present' | 'either'
  /** Making it anew was begun while nobody knew whether the older one was gone: it may be there, and empty. */
  mayBeNew: boolean
  /** Its description was damaged: it may refuse everything. */
  isDamaged: boolean
  incarnation: number
  partitions: PartitionModel[]
  /** What may be committed for each partition, undefined for nothing. */
  committed: Set<number | undefined>[]
  /** What was ever committed: where a group may begin again when the committed offsets are damaged. */
  everCommitted: Set<number | undefined>[]
}

export class LogModel {
  readonly topics: ReadonlyMap<string, TopicModel>
  /** The topic of the committed offsets was damaged: groups may begin anywhere. */
  areOffsetsDamaged = false

  constructor(plans: readonly TopicPlan[]) {
    this.topics = new Map(
      plans.map((plan) => [
        plan.name,
        {
          plan,
          state: 'absent',
          mayBeNew: false,
          isDamaged: false,
          incarnation: 0,
          partitions: [],
          committed: [],
          everCommitted: [],
        },
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
    topic.mayBeNew = false
    topic.partitions = Array.from({ length: plan.partitions }, (_, partition) => {
      const name = `${plan.name}#${topic.incarnation}/${partition}`
      return new PartitionModel(name, plan.cleanup === 'compact')
    })
    topic.committed = topic.partitions.map(() => new Set([undefined]))
    topic.everCommitted = topic.partitions.map(() => new Set([undefined]))
  }

  get isDamaged(): boolean {
    return (
      this.areOffsetsDamaged ||
      [...this.topics.values()].some(
        ({ isDamaged, partitions }) => isDamaged || partitions.some((one) => one.isDamaged),
      )
    )
  }

  /**
   * Something of this file is not what was stored. Excused are the records of the batches that were hit, nothing else; for
   * a description the topic. Indexes are a cache, and the format has a copy: damage of them excuses nothing, nor does that
   * of the lock or the mark of an orderly close.
   */
  harmed(harm: Harm, kind: 'silent' | 'visible'): void {
    const [, name, file = ''] = /\/topics\/([^/]+)\/(.+)$/.exec(harm.path) ?? []
    if (name === undefined || file.endsWith('.index')) return
    if (name === '__millrace-offsets') this.areOffsetsDamaged = true
    for (const topic of this.#perhapsIn(name)) {
      const partition = /^(\d+)\/\d+\.(?:log|compacted)$/.exec(file)?.[1]
      if (partition === undefined) topic.isDamaged = true
      else {
        // Somebody else's bytes where a segment says whose it is: the file counts as somebody else's.
        const isMisplaced = harm.isForeign && harm.from < SEGMENT_HEADER_BYTES
        const whole = { ...harm, from: 0, to: harm.before.length }
        const runs = harmedBatches(isMisplaced ? whole : harm)
        topic.partitions[Number(partition)]?.harmed(runs, kind, isMisplaced)
      }
    }
  }

  /** A topic that is being deleted lies under another name, and a power cut may give it its own again. */
  #perhapsIn(folder: string): readonly TopicModel[] {
    const all = [...this.topics.values()]
    if (folder.startsWith('++')) return all.filter(({ state }) => state === 'either')
    return all.filter(({ plan }) => plan.name === folder)
  }
}
