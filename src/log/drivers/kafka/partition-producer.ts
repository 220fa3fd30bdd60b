/**
 * Appends to one partition: an idempotent producer of its own, one batch in flight. What arrives meanwhile waits and goes
 * together in the next batch, cut by bytes below the broker's limit.
 *
 * A batch whose answer got lost is sent again with the same producer id, epoch and sequence, so the broker stores it once
 * and answers with the place of the first time; what the broker may have forgotten, `find-batch.ts` looks up. When its time is over without an answer nobody knows whether it is stored:
 * its appends fail, and a new producer id begins, since the sequence of the next batch would be a guess.
 */
import { logError } from '../../errors.ts'
import { brokerFault, isUnanswered, PROTOCOL, surelyUnstored, toLogError } from './kafka-errors.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import { findBatch } from './find-batch.ts'
import type { BrokerAddress } from './kafka-options.ts'
import type { Lane } from './kafka-wire.ts'
import { listOffsets } from './list-offsets.ts'
import { produceRequest } from './protocol/produce-request.ts'
import {
  BATCH_HEADER_BYTES,
  encodeBatch,
  recordSize,
  type EncodedRecord,
} from './protocol/record-encoder.ts'

interface Job {
  readonly records: readonly EncodedRecord[]
  /** Offsets so far, one for each record from the start. */
  readonly offsets: number[]
  readonly deadline: number
  /** After a batch was refused for what is in it: alone, so that others do not fail with it. */
  isAlone: boolean
  readonly resolve: (offsets: readonly number[]) => void
  readonly reject: (error: unknown) => void
}

interface Cut {
  readonly records: EncodedRecord[]
  readonly shares: { readonly job: Job; readonly count: number }[]
}

interface ProducerId {
  readonly producerId: bigint
  readonly producerEpoch: number
}

const MAX_BATCH_RECORDS = 50_000
const SEQUENCES = 2 ** 31
const {
  MESSAGE_TOO_LARGE,
  RECORD_LIST_TOO_LARGE,
  INVALID_TIMESTAMP,
  INVALID_RECORD,
  CORRUPT_MESSAGE,
} = PROTOCOL
/** What the broker says about the records, not about itself. */
const ABOUT_RECORDS = new Set<number>([
  MESSAGE_TOO_LARGE,
  RECORD_LIST_TOO_LARGE,
  INVALID_TIMESTAMP,
  INVALID_RECORD,
  CORRUPT_MESSAGE,
])
const { UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID } = PROTOCOL
const { OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, UNKNOWN_PRODUCER_ID } = PROTOCOL
/** The broker no longer knows the producer. */
const ABOUT_PRODUCER = new Set<number>([
  OUT_OF_ORDER_SEQUENCE_NUMBER,
  INVALID_PRODUCER_EPOCH,
  UNKNOWN_PRODUCER_ID,
])

export class PartitionProducer {
  readonly #cluster: KafkaCluster
  readonly #lane: Lane
  readonly #topic: string
  readonly #partition: number
  readonly #queue: Job[] = []
  #isRunning = false
  #id: ProducerId | undefined
  #sequence = 0
  /** Whether the batch that was sent last may be stored although nobody said so. */
  #isUncertain = false
  /** A batch without an answer is here or behind it, if it is stored. */
  #nextOffset = 0

  constructor(cluster: KafkaCluster, lane: Lane, topic: string, partition: number) {
    this.#cluster = cluster
    this.#lane = lane
    this.#topic = topic
    this.#partition = partition
  }

  /** Offsets in the order of the records, when all are stored on enough replicas. */
  append(records: readonly EncodedRecord[]): Promise<readonly number[]> {
    const { clock, options } = this.#cluster.wire
    return new Promise((resolve, reject) => {
      const deadline = clock.monotonic() + options.deliveryTimeoutMs
      this.#queue.push({ records, offsets: [], deadline, isAlone: false, resolve, reject })
      if (!this.#isRunning) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    // One turn later, so that appends of the same moment share a batch.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const cut = await this.#cut().catch((error: unknown) => this.#fail(error))
      if (cut !== undefined) await this.#deliver(cut)
    }
    this.#isRunning = false
  }

  #fail(error: unknown): undefined {
    for (const { offsets, reject } of this.#queue.splice(0)) {
      reject(offsets.length === 0 ? surelyUnstored(error) : error)
    }
  }

  /** Takes as much from the queue as one batch holds. */
  async #cut(): Promise<Cut> {
    const { maxMessageBytes } = await this.#cluster.topic(this.#topic)
    const limit = Math.min(maxMessageBytes, this.#cluster.wire.options.batchBytes)
    const records: EncodedRecord[] = []
    const shares: { job: Job; count: number }[] = []
    let bytes = BATCH_HEADER_BYTES
    for (const job of this.#queue) {
      if (shares.length > 0 && (job.isAlone || shares[0]!.job.isAlone)) break
      const first = records.length
      for (let at = job.offsets.length; at < job.records.length; at++) {
        const record = job.records[at]!
        const base = records[0]?.timestamp ?? record.timestamp
        const size = recordSize(record, records.length, base)
        if (records.length > 0 && (bytes + size > limit || records.length >= MAX_BATCH_RECORDS))
          break
        records.push(record)
        bytes += size
      }
      const count = records.length - first
      if (count > 0) shares.push({ job, count })
      if (job.offsets.length + count < job.records.length) break
    }
    return { records, shares }
  }

  async #deliver(cut: Cut): Promise<void> {
    try {
      const base = await this.#send(cut)
      let offset = base
      for (const { job, count } of cut.shares) {
        for (let step = 0; step < count; step++) job.offsets.push(offset++)
        if (job.offsets.length < job.records.length) continue
        this.#queue.splice(this.#queue.indexOf(job), 1)
        job.resolve(job.offsets)
      }
    } catch (error) {
      const isShared = cut.shares.length > 1
      if (isShared && ABOUT_RECORDS.has(brokerFault(error)?.code ?? 0)) {
        for (const { job } of cut.shares) job.isAlone = true
        return
      }
      const failure = this.#toError(error)
      for (const { job } of cut.shares) {
        this.#queue.splice(this.#queue.indexOf(job), 1)
        const isStored = job.offsets.length > 0 || this.#isUncertain
        job.reject(isStored ? failure : surelyUnstored(failure))
      }
    }
  }

  async #send({ records, shares }: Cut): Promise<number> {
    const { wire } = this.#cluster
    const deadline = Math.max(...shares.map(({ job }) => job.deadline))
    const doing = `append to topic "${this.#topic}", partition ${this.#partition}`
    const onRetry = (): void => this.#cluster.forget(this.#topic)
    this.#isUncertain = false
    let batch: Buffer | undefined
    let isSecondId = false
    const once = async (): Promise<number> => {
      const leader = await this.#cluster.leader(this.#topic, this.#partition)
      if (this.#id === undefined) await this.#newId(leader)
      const place = { ...this.#id!, sequence: this.#sequence }
      if (this.#isUncertain) {
        const [topic, partition, from] = [this.#topic, this.#partition, this.#nextOffset]
        const where = { ...place, topic, partition, from }
        const stored = await findBatch(this.#cluster, this.#lane, where)
        if (stored !== undefined) return stored
      }
      batch ??= encodeBatch(records, place, wire.options.compression)
      const target = { topic: this.#topic, partition: this.#partition, batch }
      try {
        const timeoutMs = wire.options.requestTimeoutMs
        return await this.#lane.sendRaw(leader, produceRequest({ ...target, timeoutMs }))
      } catch (error) {
        const code = brokerFault(error)?.code
        // Time-outs and too few replicas after the append leave it open whether the batch is stored.
        if (isUnanswered(error) || code === 7 || code === 20) this.#isUncertain = true
        if (code === UNKNOWN_TOPIC_OR_PARTITION || code === UNKNOWN_TOPIC_ID) {
          return this.#cluster.refresh(this.#topic)
        }
        if (!this.#isUncertain && !isSecondId && ABOUT_PRODUCER.has(code ?? 0)) {
          // Surely not stored: the broker forgot the producer, and a new one may send the batch.
          isSecondId = true
          this.#begin()
          batch = undefined
          return once()
        }
        throw error
      }
    }
    try {
      const base = await wire.retry(doing, once, { deadline, onRetry })
      this.#sequence = (this.#sequence + records.length) % SEQUENCES
      this.#nextOffset = base + records.length
      return base
    } catch (error) {
      const cause = error instanceof Error && 'cause' in error ? error.cause : undefined
      if (this.#isUncertain || ABOUT_PRODUCER.has(brokerFault(cause)?.code ?? 0)) this.#begin()
      throw brokerFault(cause) === undefined ? error : cause
    }
  }

  async #newId(leader: BrokerAddress): Promise<void> {
    const [topic, partition] = [this.#topic, this.#partition]
    const end = await listOffsets(this.#cluster, [{ topic, partition, at: 'end' }])
    this.#nextOffset = end.get(`${topic}/${partition}`) ?? 0
    this.#id = await this.#lane.send(leader, 'InitProducerId', null, 0, -1n, -1)
  }

  /** The next batch is the first one of a new producer id. */
  #begin(): void {
    this.#id = undefined
    this.#sequence = 0
  }

  #toError(error: unknown): Error {
    const facts = { cause: error, details: { topic: this.#topic, partition: this.#partition } }
    const to = `topic "${this.#topic}"`
    switch (brokerFault(error)?.code) {
      case MESSAGE_TOO_LARGE:
      case RECORD_LIST_TOO_LARGE:
        return logError(
          'LOG_RECORD_TOO_LARGE',
          `a record for ${to} is larger than its max.message.bytes: raise that, or send less`,
          facts,
        )
      case INVALID_TIMESTAMP:
        return logError(
          'LOG_STORAGE_FAILED',
          `the broker refuses the time of a record for ${to}: raise message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topic`,
          facts,
        )
      default:
        return toLogError(
          error,
          `append to ${to}, partition ${this.#partition}`,
          this.#cluster.wire.at,
        )
    }
  }
}
