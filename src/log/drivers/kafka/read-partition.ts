/** Reads one partition from an offset, once or following. */
import type { LogRecord } from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import type { ReadOptions, RecordBatch } from '../../log.ts'
import { BrokerError, PROTOCOL } from './kafka-errors.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import type { Lane } from './kafka-wire.ts'
import { listOffsets } from './list-offsets.ts'
import { fetchRequest, type Fetched, type FetchTarget } from './protocol/fetch-request.ts'
import { describe } from './protocol/produce-request.ts'
import { SeenEpochs } from './seen-epochs.ts'

const DEFAULT_BATCH_BYTES = 1024 * 1024
/** A small bound on a batch must not make a request for each record. */
const MIN_FETCH_BYTES = 64 * 1024
/** How long a broker holds a request of a following reader. */
const LONG_POLL_MS = 1_000

export async function* readPartition(
  cluster: KafkaCluster,
  place: { topic: string; partition: number; from: number },
  options: ReadOptions = {},
): AsyncGenerator<RecordBatch> {
  const { topic, partition, from } = place
  const { follow = false, maxBytes = DEFAULT_BATCH_BYTES, signal } = options
  const end = await checkStart(cluster, place)
  cluster.refuseTruncated(topic, partition, from)
  const to = follow ? Number.POSITIVE_INFINITY : Math.min(options.to ?? end, end)
  // Its own connections: a long poll would hold up other readers.
  const lane = cluster.wire.openLane()
  const stop = (): void => void lane.close()
  const isStopped = (): boolean => signal?.aborted === true
  signal?.addEventListener('abort', stop, { once: true })
  const seen = new SeenEpochs()
  try {
    let at = from
    while (at < to && !isStopped()) {
      const want = { topic, partition, from: at, lastEpoch: seen.before(at), maxBytes, follow }
      const fetched = await fetchOne(cluster, lane, want, signal)
      if (fetched === undefined) return
      for (const run of fetched.epochs) seen.note(run.epoch, run.from, run.to)
      for (const records of pieces(fetched.records, to, maxBytes)) {
        yield { topic, partition, records }
        if (isStopped()) return
      }
      at = fetched.nextOffset
      // Compaction or an aborted transaction may leave nothing before the end.
      if (!follow && fetched.records.length === 0 && fetched.nextOffset >= fetched.end) return
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    await lane.close()
  }
}

/** The end offset. */
async function checkStart(
  cluster: KafkaCluster,
  { topic, partition, from }: { topic: string; partition: number; from: number },
): Promise<number> {
  cluster.partition(await cluster.topic(topic), partition)
  const [earliest, end] = await Promise.all(
    (['earliest', 'end'] as const).map(async (at) => {
      const found = await listOffsets(cluster, [{ topic, partition, at }])
      return found.get(`${topic}/${partition}`) ?? 0
    }),
  )
  if (Number.isSafeInteger(from) && from >= earliest! && from <= end!) return end!
  throw outOfRange({ topic, partition, from }, earliest!, end!)
}

export const outOfRange = (
  { topic, partition, from }: { topic: string; partition: number; from: number },
  earliest: number,
  end: number,
): Error =>
  logError(
    'LOG_OFFSET_OUT_OF_RANGE',
    `offset ${from} is not in topic "${topic}", partition ${partition}: use ${earliest} to ${end}`,
    { details: { topic, partition, offset: from, earliest, end } },
  )

type Want = Omit<FetchTarget, 'topicId'> & { readonly follow: boolean }

/** Undefined when the signal said stop. */
async function fetchOne(
  cluster: KafkaCluster,
  lane: Lane,
  want: Want,
  signal: AbortSignal | undefined,
): Promise<Fetched | undefined> {
  const { topic, partition, follow } = want
  const { wire } = cluster
  const maxBytes = Math.max(want.maxBytes, MIN_FETCH_BYTES)
  // A following reader waits for its broker as long as it takes.
  const deadline = follow ? { deadline: Number.POSITIVE_INFINITY } : {}
  const isStopped = (): boolean => signal?.aborted === true
  const once = async (): Promise<Fetched | undefined> => {
    if (isStopped()) return undefined
    try {
      const { id } = await cluster.topic(topic)
      const leader = await cluster.leader(topic, partition)
      const target = { ...want, topicId: id, maxBytes }
      const wait = { maxWaitMs: LONG_POLL_MS, isolation: wire.options.isolation }
      const [fetched] = await lane.sendRaw(leader, fetchRequest([target], wait))
      return await checkFetched(cluster, fetched!)
    } catch (error) {
      if (isStopped()) return undefined
      throw error
    }
  }
  try {
    const doing = `read topic "${topic}", partition ${partition}`
    return await wire.retry(doing, once, { ...deadline, onRetry: () => cluster.forget(topic) })
  } catch (error) {
    if (isStopped()) return undefined
    throw error
  }
}

/** Turns the broker's error into ours. */
export async function checkFetched(cluster: KafkaCluster, fetched: Fetched): Promise<Fetched> {
  const { code, failure, target, divergesAt } = fetched
  const { topic, partition, from } = target
  if (failure !== undefined) throw failure
  if (divergesAt !== undefined) throw cluster.truncated(topic, partition, divergesAt, from)
  if (code === 0) return fetched
  if (code === PROTOCOL.UNKNOWN_TOPIC_OR_PARTITION || code === PROTOCOL.UNKNOWN_TOPIC_ID) {
    return cluster.refresh(topic)
  }
  if (code === PROTOCOL.OFFSET_OUT_OF_RANGE) {
    const bounds = await Promise.all(
      (['earliest', 'end'] as const).map((at) => listOffsets(cluster, [{ topic, partition, at }])),
    )
    const [earliest = 0, end = 0] = bounds.map((found) => found.get(`${topic}/${partition}`))
    throw outOfRange({ topic, partition, from }, earliest, end)
  }
  throw new BrokerError(code, describe(code), describe(code))
}

/** Runs of records below `to`, each of at most `maxBytes` or one record. */
function* pieces(
  records: readonly LogRecord[],
  to: number,
  maxBytes: number,
): Generator<readonly LogRecord[]> {
  let start = 0
  let bytes = 0
  for (const [index, record] of records.entries()) {
    if (record.offset >= to) {
      if (index > start) yield records.slice(start, index)
      return
    }
    const size = sizeOf(record)
    if (index > start && bytes + size > maxBytes) {
      yield records.slice(start, index)
      start = index
      bytes = 0
    }
    bytes += size
  }
  if (start < records.length) yield start === 0 ? records : records.slice(start)
}

const RECORD_OVERHEAD_BYTES = 16

function sizeOf({ key, value, headers }: LogRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) bytes += header.key.length + (header.value?.length ?? 0)
  return bytes
}
