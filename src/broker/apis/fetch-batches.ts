/** The work of a fetch: read, wait for more, read again, all within the bounds of client and broker. */
import type { BatchReader } from '../../log/index.ts'
import { kafkaError, refusalOf } from '../protocol/kafka-errors.ts'
import type { RequestContext } from '../request-context.ts'

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly WantedPartition[]
  }[]
}

interface WantedPartition {
  readonly partition: number
  readonly fetchOffset: number
  readonly partitionMaxBytes: number
}

export interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly end: number
  readonly earliest: number
  readonly records: Uint8Array
}

export interface FetchedTopic {
  readonly topic: string
  readonly partitions: readonly FetchedPartition[]
}

/** Longer waits are cut: the client asks again. */
const MAX_WAIT_MS = 60_000
const ZSTD = 4
/** The first version whose clients know zstd (KIP-110). */
const ZSTD_FROM_VERSION = 10
const NO_BYTES = new Uint8Array(0)

export async function fetchBatches(
  request: FetchRequest,
  context: RequestContext,
): Promise<readonly FetchedTopic[]> {
  const { limits, fetchMemory, connection } = context
  const maxBytes = Math.min(Math.max(request.maxBytes, 0), limits.fetchBytes)
  await enoughBytes(request, context)
  await fetchMemory.take(maxBytes)
  connection.afterResponse(() => fetchMemory.giveBack(maxBytes))
  readSideBySide(request, maxBytes, context)
  let left = maxBytes
  let isEmpty = true
  const answers: FetchedTopic[] = []
  for (const { topic, partitions } of request.topics) {
    const fetched: FetchedPartition[] = []
    for (const wanted of partitions) {
      const bytes = Math.min(Math.max(wanted.partitionMaxBytes, 0), left)
      const one = await fetchPartition(topic, wanted, bytes, isEmpty, context)
      left = Math.max(0, left - one.records.length)
      if (one.records.length > 0) isEmpty = false
      fetched.push(one)
    }
    answers.push({ topic, partitions: fetched })
  }
  return answers
}

/** Begins with the reads of all partitions: each is a wait for the disk. */
function readSideBySide(request: FetchRequest, maxBytes: number, context: RequestContext): void {
  let left = maxBytes
  for (const { topic, partitions } of request.topics) {
    for (const { partition, fetchOffset, partitionMaxBytes } of partitions) {
      const bytes = Math.min(Math.max(partitionMaxBytes, 0), left)
      const isThere = (available(context, topic, partition, fetchOffset) ?? 0) > 0
      if (bytes === 0 || !isThere) continue
      readerOf(context, topic, partition).prepare(fetchOffset, bytes)
      left -= bytes
    }
  }
}

function readerOf(context: RequestContext, topic: string, partition: number): BatchReader {
  const { readers } = context.connection
  const key = `${topic}/${partition}`
  let reader = readers.get(key)
  if (reader === undefined) {
    reader = context.wire.batchReader(topic, partition)
    readers.set(key, reader)
  }
  return reader
}

/** @param evenLarger a first batch above every bound is returned all the same, or the client would never get on. */
async function fetchPartition(
  topic: string,
  { partition, fetchOffset }: WantedPartition,
  maxBytes: number,
  evenLarger: boolean,
  context: RequestContext,
): Promise<FetchedPartition> {
  const { wire, connection, apiVersion, logger, readAhead } = context
  let range = { earliest: -1, end: -1 }
  try {
    range = wire.range(topic, partition)
    const reader = readerOf(context, topic, partition)
    readAhead.end(reader)
    const { bytes, codecs, nextOffset } = await reader.read(fetchOffset, maxBytes, evenLarger)
    if (codecs.has(ZSTD) && apiVersion < ZSTD_FROM_VERSION) {
      const errorCode = kafkaError.UNSUPPORTED_COMPRESSION_TYPE
      return { partition, errorCode, ...range, records: NO_BYTES }
    }
    connection.afterResponse(() => {
      if (connection.signal.aborted) return
      readAhead.recycle(bytes)
      if (bytes.length > 0 && nextOffset < range.end) readAhead.begin(reader, nextOffset, maxBytes)
    })
    return { partition, errorCode: kafkaError.NONE, ...range, records: bytes }
  } catch (error) {
    connection.readers.delete(`${topic}/${partition}`)
    const { code } = refusalOf(error)
    if (code === kafkaError.CORRUPT_MESSAGE) logger.error({ topic, partition, err: error }, 'fetch')
    return { partition, errorCode: code, ...range, records: NO_BYTES }
  }
}

/** Resolves when there is enough to answer, also a partition that cannot be read, or the time is over. */
async function enoughBytes(request: FetchRequest, context: RequestContext): Promise<void> {
  const { wire, clock, connection } = context
  const minBytes = Math.min(request.minBytes, request.maxBytes, context.limits.fetchBytes)
  if (minBytes <= 0 || request.maxWaitMs <= 0) return
  const isEnough = (): boolean => {
    let bytes = 0
    for (const { topic, partitions } of request.topics) {
      for (const { partition, fetchOffset } of partitions) {
        const size = available(context, topic, partition, fetchOffset)
        if (size === undefined) return true
        bytes += size
      }
    }
    return bytes >= minBytes
  }
  if (isEnough()) return
  await new Promise<void>((resolve) => {
    const stops: (() => void)[] = []
    const done = (): void => {
      for (const stop of stops) stop()
      connection.signal.removeEventListener('abort', done)
      resolve()
    }
    const look = (): void => {
      if (isEnough()) done()
    }
    for (const { topic, partitions } of request.topics) {
      for (const { partition } of partitions) stops.push(wire.onEnd(topic, partition, look))
    }
    stops.push(clock.after(Math.min(request.maxWaitMs, MAX_WAIT_MS), done))
    connection.signal.addEventListener('abort', done, { once: true })
    if (connection.signal.aborted) done()
  })
}

/**
 * Bytes from an offset to the end, estimated by the partition's average; undefined when the offset cannot be read, so that
 * the client hears of it at once.
 */
function available(
  { wire }: RequestContext,
  topic: string,
  partition: number,
  offset: number,
): number | undefined {
  try {
    const { earliest, end, bytes } = wire.range(topic, partition)
    if (offset < earliest || offset > end) return undefined
    return offset === end ? 0 : Math.max(1, (bytes / (end - earliest)) * (end - offset))
  } catch (error) {
    refusalOf(error)
    return undefined
  }
}
