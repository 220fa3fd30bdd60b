/**
 * What a partition remembers of its idempotent producers, by Kafka's rules (KIP-98, KIP-360): a batch that is sent again
 * is answered with the offset that it has, and one that skips a sequence is refused, so that a retry neither doubles nor
 * reorders. The memory is rebuilt from the stored batches, whose headers name producer, epoch and sequence.
 */
import { isMillraceError } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import { readProducer, SEQUENCES, type ProducerSequence } from '../format/producer-sequence.ts'
import type { PartitionLog } from './partition-log.ts'
import { PartitionReader } from './partition-reader.ts'

interface KnownBatch {
  readonly first: number
  readonly last: number
  readonly baseOffset: number
}

interface KnownProducer {
  epoch: number
  /** Oldest first. */
  batches: KnownBatch[]
}

/** A client has at most five batches under way (`max.in.flight.requests.per.connection`), so no older one is sent again. */
const REMEMBERED_BATCHES = 5
/** Producers of one partition; the one that has been silent longest is forgotten first. About 400 bytes each. */
const MAX_PRODUCERS = 10_000
/** How far back a start looks: a retry comes within minutes of its first try. */
const REBUILD_BYTES = 64 * 1024 * 1024
const FETCH_BYTES = 1024 * 1024

export class ProducerLedger {
  readonly #partition: string
  readonly #producers = new Map<number, KnownProducer>()

  private constructor(partition: string) {
    this.#partition = partition
  }

  /** Reads what the newest stored batches say. */
  static async rebuild(log: PartitionLog): Promise<ProducerLedger> {
    const { topic, partition } = log.options
    const ledger = new ProducerLedger(`topic "${topic}", partition ${partition}`)
    const reader = new PartitionReader(log)
    for (let offset = rebuildFrom(log); offset < log.end;) {
      try {
        const { bytes, batches, nextOffset } = await reader.fetch(offset, FETCH_BYTES)
        for (const { at, header } of batches) {
          const producer = readProducer(bytes, at)
          if (producer !== undefined) ledger.stored(producer, header.baseOffset)
        }
        offset = nextOffset
      } catch (error) {
        // Damage is told to whoever reads the records; what is behind it still counts here.
        const next = isMillraceError(error, 'LOG_CORRUPT') ? error.details['nextOffset'] : undefined
        if (typeof next !== 'number') throw error
        offset = next
      }
    }
    return ledger
  }

  /**
   * The offset of a batch that is already stored; undefined for one that may be stored now.
   * Throws LOG_PRODUCER_FENCED, LOG_OUT_OF_SEQUENCE.
   */
  find({ producerId, epoch, first, last }: ProducerSequence): number | undefined {
    const known = this.#producers.get(producerId)
    // A producer that was never seen, or forgotten, may begin anywhere (KIP-360).
    if (known === undefined) return undefined
    if (epoch < known.epoch) {
      throw logError(
        'LOG_PRODUCER_FENCED',
        `producer ${producerId} with epoch ${epoch} was replaced by epoch ${known.epoch} in ${this.#partition}: start the producer again`,
        { details: { producerId, epoch } },
      )
    }
    const before = known.batches.at(-1)
    if (epoch === known.epoch && before !== undefined) {
      const same = known.batches.find((batch) => batch.first === first && batch.last === last)
      if (same !== undefined) return same.baseOffset
      if (first === (before.last + 1) % SEQUENCES) return undefined
      throw outOfSequence(this.#partition, producerId, first, (before.last + 1) % SEQUENCES)
    }
    if (first !== 0) throw outOfSequence(this.#partition, producerId, first, 0)
    return undefined
  }

  /** Remembers a batch that is durable. */
  stored({ producerId, epoch, first, last }: ProducerSequence, baseOffset: number): void {
    const known = this.#producers.get(producerId)
    // Taken out and put back: the map is in the order of the last batch.
    this.#producers.delete(producerId)
    const earlier = known?.epoch === epoch ? known.batches.slice(1 - REMEMBERED_BATCHES) : []
    this.#producers.set(producerId, { epoch, batches: [...earlier, { first, last, baseOffset }] })
    if (this.#producers.size <= MAX_PRODUCERS) return
    for (const oldest of this.#producers.keys()) {
      this.#producers.delete(oldest)
      return
    }
  }
}

/** The beginning of the segments that together have the bytes to look at; the last one in any case. */
function rebuildFrom({ segments }: PartitionLog): number {
  let bytes = 0
  for (const segment of segments.toReversed()) {
    bytes += segment.sizeBytes
    if (bytes >= REBUILD_BYTES) return segment.base
  }
  return segments[0]!.base
}

function outOfSequence(partition: string, producerId: number, got: number, next: number): Error {
  return logError(
    'LOG_OUT_OF_SEQUENCE',
    `producer ${producerId} sent sequence ${got} to ${partition}, where ${next} is next: a batch before it is missing`,
    { details: { producerId, sequence: got, expected: next } },
  )
}
