/** Whether a batch whose answer got lost is in the log. */
import type { KafkaCluster } from './kafka-cluster.ts'
import { PROTOCOL } from './kafka-errors.ts'
import type { Lane } from './kafka-wire.ts'
import { listOffsets } from './list-offsets.ts'
import { fetchRequest } from './protocol/fetch-request.ts'
import type { ProducerPlace } from './protocol/record-encoder.ts'
import { checkFetched } from './read-partition.ts'

const FETCH_BYTES = 4 * 1024 * 1024
const EVERYTHING = 0

/**
 * The offset of the batch's first record, looked for from `from` on; undefined when it is not there.
 *
 * The broker knows the last batches of a producer, but for a day by the time of their records, not by its own: after a
 * restart, and every ten minutes, it forgets producers whose records are older (`producer.id.expiration.ms`). A batch of
 * old records that is sent again would then be stored again.
 */
export async function findBatch(
  cluster: KafkaCluster,
  lane: Lane,
  place: ProducerPlace & { topic: string; partition: number; from: number },
): Promise<number | undefined> {
  const { topic, partition, producerId, producerEpoch, sequence } = place
  for (let from = place.from; ;) {
    const found: number[] = []
    const { id } = await cluster.topic(topic)
    const leader = await cluster.leader(topic, partition)
    const target = {
      topic,
      topicId: id,
      partition,
      from,
      maxBytes: FETCH_BYTES,
      onBatch: (batch: ProducerPlace, baseOffset: number) => {
        const isIt =
          batch.producerId === producerId &&
          batch.producerEpoch === producerEpoch &&
          batch.sequence === sequence
        if (isIt) found.push(baseOffset)
      },
    }
    const [fetched] = await lane.sendRaw(
      leader,
      fetchRequest([target], { maxWaitMs: 0, isolation: EVERYTHING }),
    )
    if (fetched?.code === PROTOCOL.OFFSET_OUT_OF_RANGE) {
      const earliest = await listOffsets(cluster, [{ topic, partition, at: 'earliest' }])
      const first = earliest.get(`${topic}/${partition}`) ?? 0
      if (first <= from) return undefined
      from = first
      continue
    }
    const { nextOffset } = await checkFetched(cluster, fetched!)
    if (found.length > 0 || nextOffset <= from) return found[0]
    from = nextOffset
  }
}
