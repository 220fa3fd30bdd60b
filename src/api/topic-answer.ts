import type { z } from 'zod'
import { isInternalTopic } from '../core/index.ts'
import type { RunningApp } from '../app/index.ts'
import type { Sent } from './define-route.ts'
import type { topicSchema } from './schemas/topic-schemas.ts'

type TopicInfo = Awaited<ReturnType<RunningApp['log']['topic']>>

export function topicAnswer(topic: TopicInfo, app: RunningApp): Sent<z.output<typeof topicSchema>> {
  const contract = app.ingest.contract(topic.name)
  const sum = (of: (partition: TopicInfo['partitions'][number]) => number): number =>
    topic.partitions.reduce((total, partition) => total + of(partition), 0)
  return {
    name: topic.name,
    declared: topic.name in app.definition.topics,
    internal: isInternalTopic(topic.name),
    records: sum(({ earliest, end }) => end - earliest),
    bytes: sum(({ bytes }) => bytes),
    config: topic.config,
    partitions: topic.partitions.map(({ placement, ...partition }) => ({
      ...partition,
      ...(placement && {
        placement: {
          leader: placement.leader,
          replicas: [...placement.replicas],
          inSync: [...placement.inSync],
        },
      }),
    })),
    ...(contract?.key === undefined ? {} : { key: contract.key }),
    ...(contract?.eventTime === undefined ? {} : { eventTime: contract.eventTime }),
    ...(contract?.schema ? { columns: contract.columns } : {}),
  }
}
