/** What a batch says about its idempotent producer (KIP-98): the header fields behind the timestamps. */
import { readInt32, readInt64 } from './batch-header.ts'

/** Sequences go from 0 to this, and begin again. */
export const SEQUENCES = 2 ** 31

/** The part of a batch that tells a retry from a new batch. */
export interface ProducerSequence {
  readonly producerId: number
  readonly epoch: number
  readonly first: number
  readonly last: number
}

/** The producer of the batch at `at`, undefined when it has none. */
export function readProducer(bytes: Uint8Array, at: number): ProducerSequence | undefined {
  const producerId = readInt64(bytes, at + 43)
  if (producerId < 0) return undefined
  const epoch = ((bytes[at + 51]! << 24) >> 16) | bytes[at + 52]!
  const first = readInt32(bytes, at + 53)
  const last = (first + readInt32(bytes, at + 57) - 1) % SEQUENCES
  return { producerId, epoch, first, last }
}
