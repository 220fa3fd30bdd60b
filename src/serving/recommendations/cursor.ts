/**
 * Where a list goes on: what was shown before, six bytes of SHA-256 for each item, so that the next page repeats nothing
 * whatever was trained or clicked in between. The text is all there is: nothing is kept for it, and a restart does not harm.
 */
import { hash } from 'node:crypto'
import { servingError } from '../errors.ts'

const FORMAT = 1
const HASH_BYTES = 6
/** A cursor must fit into a URL with room for everything else: 1,000 items are 8 KB of it. */
export const MOST_SHOWN = 1_000

/** Of the items that were shown of late: those of most lists are few, and a digest each is a tenth of a list's time. */
const hashes = new Map<string, string>()
const MOST_HASHES = 20_000

function hashOf(item: string): string {
  const known = hashes.get(item)
  if (known !== undefined) return known
  const made = hash('sha256', item, 'hex').slice(0, 2 * HASH_BYTES)
  if (hashes.size >= MOST_HASHES) hashes.clear()
  hashes.set(item, made)
  return made
}

/** Throws SERVING_INVALID_CURSOR. */
export function readCursor(text: string | undefined): ReadonlySet<string> {
  if (text === undefined) return new Set()
  const bytes = Buffer.from(text, 'base64url')
  const items = (bytes.length - 1) / HASH_BYTES
  const isOurs = bytes[0] === FORMAT && bytes.toString('base64url') === text
  if (!isOurs || !Number.isInteger(items) || items > MOST_SHOWN) {
    throw servingError(
      'SERVING_INVALID_CURSOR',
      'cursor is not one of ours: send `next` of the answer before, unchanged, or leave it out to begin again',
      {
        details: { issues: [{ path: '/cursor', message: 'is not a cursor of an earlier answer' }] },
      },
    )
  }
  const hashes = new Set<string>()
  for (let at = 1; at < bytes.length; at += HASH_BYTES)
    hashes.add(bytes.toString('hex', at, at + HASH_BYTES))
  return hashes
}

export const wasShown = (shown: ReadonlySet<string>, item: string): boolean =>
  shown.size > 0 && shown.has(hashOf(item))

/** Undefined when as many were shown as a cursor can hold. */
export function writeCursor(
  shown: ReadonlySet<string>,
  items: readonly string[],
): string | undefined {
  const all = [...shown, ...items.map(hashOf)]
  if (all.length > MOST_SHOWN) return undefined
  return Buffer.concat([Buffer.from([FORMAT]), Buffer.from(all.join(''), 'hex')]).toString(
    'base64url',
  )
}
