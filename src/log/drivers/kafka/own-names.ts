/**
 * Names of an app's own topics and groups on a cluster that it shares with others: `__millrace-batches` of the app `orders`
 * is `__millrace-orders.batches` there. The rest of the product knows the short names only; topics and groups of other
 * apps are not seen. Users' topics keep their names: apps may share them.
 */
import { INTERNAL_TOPIC_PREFIX, type LogRecord, type TopicPartition } from '../../../core/index.ts'
import type { Consumer, ConsumerOptions, GroupInfo, Log, LogCluster, TopicInfo } from '../../log.ts'

/** A dot, which an application id has not: the own topics of `a` and of `a-b` never meet. */
const ownPrefix = (applicationId: string): string => `${INTERNAL_TOPIC_PREFIX}${applicationId}.`

interface Names {
  /** As the cluster has it. */
  readonly there: (name: string) => string
  /** As the product knows it; undefined for what another app owns. */
  readonly here: (name: string) => string | undefined
}

function createNames(applicationId: string): Names {
  const prefix = ownPrefix(applicationId)
  return {
    there: (name) =>
      name.startsWith(INTERNAL_TOPIC_PREFIX)
        ? prefix + name.slice(INTERNAL_TOPIC_PREFIX.length)
        : name,
    here(name) {
      if (name.startsWith(prefix)) return INTERNAL_TOPIC_PREFIX + name.slice(prefix.length)
      return name.startsWith(INTERNAL_TOPIC_PREFIX) ? undefined : name
    },
  }
}

/** `log` with the own names of an app; with an empty id the names are those of the cluster. */
export function withOwnNames(log: Log, applicationId: string): Log {
  if (applicationId === '') return log
  const names = createNames(applicationId)
  const { there } = names
  const at = <Place extends TopicPartition>(place: Place): Place => ({
    ...place,
    topic: there(place.topic),
  })
  return {
    ...(log.cluster && { cluster: ownCluster(log.cluster, names) }),
    createTopic: async (spec) =>
      renamed(await log.createTopic({ ...spec, name: there(spec.name) }), spec.name),
    addPartitions: async (name, partitions) =>
      renamed(await log.addPartitions(there(name), partitions), name),
    deleteTopic: (name) => log.deleteTopic(there(name)),
    topics: async () =>
      (await log.topics()).flatMap((info) => {
        const name = names.here(info.name)
        return name === undefined ? [] : [renamed(info, name)]
      }),
    topic: async (name) => renamed(await log.topic(there(name)), name),
    append: (topic, records) => log.append(there(topic), records),
    async *read(topic, ...how) {
      for await (const batch of log.read(there(topic), ...how)) {
        yield batch.topic === topic
          ? batch
          : { ...batch, topic, records: batch.records.map((one) => ({ ...one, topic })) }
      }
    },
    offsetForTime: (topic, ...place) => log.offsetForTime(there(topic), ...place),
    consumer: async (options) => ownConsumer(log, options, names),
    groups: async () => (await log.groups()).flatMap((info) => groupHere(info, names)),
    resetGroup: (group, offsets) => log.resetGroup(there(group), offsets.map(at)),
    deleteGroup: (group) => log.deleteGroup(there(group)),
    hold: (holder, position) => log.hold(holder, at(position)),
    clean: () => log.clean(),
    close: () => log.close(),
  }
}

const renamed = (info: TopicInfo, name: string): TopicInfo =>
  info.name === name ? info : { ...info, name }

const ownCluster = (cluster: LogCluster, { there }: Names): LogCluster => ({
  at: cluster.at,
  applicationId: cluster.applicationId,
  faults: (topics, timeoutMs) => cluster.faults(topics.map(there), timeoutMs),
  shortcomings: (topics) => cluster.shortcomings(topics.map(there)),
})

async function ownConsumer(log: Log, options: ConsumerOptions, names: Names): Promise<Consumer> {
  const { onRevoked, onAssigned } = options
  const ours = <Place extends TopicPartition>(place: Place): Place => {
    const topic = names.here(place.topic) ?? place.topic
    return topic === place.topic ? place : { ...place, topic }
  }
  const theirs = <Place extends TopicPartition>(place: Place): Place => ({
    ...place,
    topic: names.there(place.topic),
  })
  const consumer = await log.consumer({
    ...options,
    group: names.there(options.group),
    topics: options.topics.map(names.there),
    ...(onRevoked && { onRevoked: (places) => onRevoked(places.map(ours)) }),
    ...(onAssigned && { onAssigned: (places) => onAssigned(places.map(ours)) }),
  })
  const hasOwn = options.topics.some((topic) => names.there(topic) !== topic)
  return {
    group: options.group,
    get memberId() {
      return consumer.memberId
    },
    assignment: () => consumer.assignment().map(ours),
    async poll(how) {
      const records = await consumer.poll(how)
      return hasOwn ? records.map((record): LogRecord => ours(record)) : records
    },
    position: (place) => consumer.position(theirs(place)),
    seek: (to) => consumer.seek(theirs(to)),
    commitOffsets: (offsets) => consumer.commitOffsets(offsets.map(theirs)),
    close: () => consumer.close(),
  }
}

function groupHere(info: GroupInfo, names: Names): GroupInfo[] {
  const group = names.here(info.group)
  if (group === undefined) return []
  const topicHere = <Place extends TopicPartition>(place: Place): Place => ({
    ...place,
    topic: names.here(place.topic) ?? place.topic,
  })
  return [
    {
      group,
      members: info.members.map(({ memberId, assignment }) => ({
        memberId,
        assignment: assignment.map(topicHere),
      })),
      offsets: info.offsets.map(topicHere),
    },
  ]
}
