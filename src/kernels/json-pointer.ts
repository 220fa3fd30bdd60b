/** Where a JSON scan stands, as a JSON pointer (RFC 6901); made only when something is wrong. */

/** What a scan knows of its open arrays and objects, by depth from 1. */
export interface Frames {
  /** 1 object, 2 array. */
  readonly kind: Uint8Array
  /** Offset of the opening quote of the current key, −1 before the first. */
  readonly keyAt: Int32Array
  /** Number of the current element. */
  readonly index: Int32Array
}

export function jsonPointer(bytes: Uint8Array, frames: Frames, depth: number): string {
  let pointer = ''
  for (let level = 1; level <= depth; level++) {
    const at = frames.keyAt[level]!
    if (frames.kind[level] === 2) pointer += `/${frames.index[level]}`
    else if (at >= 0) pointer += `/${escapePart(readKey(bytes, at))}`
  }
  return pointer
}

/**
 * The text of the key whose opening quote is at `start`, unescaped, in normal form C: keys that look the same are the same
 * key, whatever the sender's keyboard made of them. Of a malformed key, its raw text.
 */
export function readKey(bytes: Uint8Array, start: number): string {
  let end = start + 1
  while (end < bytes.length && bytes[end] !== 0x22) end += bytes[end] === 0x5c ? 2 : 1
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end + 1 - start).toString()
  try {
    return (JSON.parse(raw) as string).normalize('NFC')
  } catch {
    return raw
  }
}

const escapePart = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1')
