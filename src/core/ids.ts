/** Identifiers made by us: sortable by time, unguessable, safe as file names. */
import { randomUUID } from 'node:crypto'

/** The bits of time of the last id: a busy server makes several a millisecond. */
let lastMs = Number.NaN
let prefix = ''

/** A UUID version 7 (RFC 9562, section 5.7): 48 bits of time in milliseconds, 74 random bits. */
export function newId(nowMs: number): string {
  if (nowMs !== lastMs) {
    const time = Math.trunc(nowMs).toString(16).padStart(12, '0')
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`
    lastMs = nowMs
  }
  // The random bits and the variant of version 4, of which Node keeps a store: one system call for 128 ids.
  return prefix + randomUUID().slice(15)
}
