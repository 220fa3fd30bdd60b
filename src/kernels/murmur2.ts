/**
 * The 32-bit MurmurHash2 (Austin Appleby) with the seed of Kafka's Java client
 * (`org.apache.kafka.common.utils.Utils.murmur2`), so that equal keys go to equal partitions whoever produces them.
 */
const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** The hash as a signed 32-bit integer. O(n), does not allocate. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> R
    k = Math.imul(k, M)
    hash = Math.imul(hash, M) ^ k
  }
  const rest = length - at
  if (rest === 3) hash ^= bytes[at + 2]! << 16
  if (rest >= 2) hash ^= bytes[at + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[at]!, M)
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ (hash >>> 15)
}
