/** Which JSON numbers would not arrive as they were sent, judged from their text (RFC 7493, section 2.2). */

export type NumberFaultCode = 'unsafe_integer' | 'number_overflow' | 'number_underflow'

/** Digits of 2^53 − 1. */
const SAFE_DIGITS = '9007199254740991'
/** Bytes from which a number without exponent can leave the range of a double (308 digits before or after the point). */
const LONG_NUMBER = 300

/** Offset after the number that starts at `at`. */
export function numberEnd(bytes: Uint8Array, at: number, to: number): number {
  let end = at + 1
  for (; end < to; end++) {
    const byte = bytes[end]!
    if (byte >= 0x30 && byte <= 0x39) continue
    if (byte !== 0x2e && byte !== 0x65 && byte !== 0x45 && byte !== 0x2b && byte !== 0x2d) break
  }
  return end
}

/**
 * A whole number beyond ± (2^53 − 1), a number that becomes infinite, or one that is not zero and becomes zero. Rounding
 * of a decimal fraction to the nearest double is what a double is, and no fault.
 */
export function judgeNumber(
  bytes: Uint8Array,
  from: number,
  to: number,
): NumberFaultCode | undefined {
  let isInteger = true
  let hasExponent = false
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!
    if (byte === 0x2e) isInteger = false
    else if (byte === 0x65 || byte === 0x45) hasExponent = true
  }
  if (isInteger && !hasExponent) {
    const digits = bytes[from] === 0x2d ? from + 1 : from
    const count = to - digits
    if (count < SAFE_DIGITS.length) return undefined
    if (count > SAFE_DIGITS.length) return 'unsafe_integer'
    return textOf(bytes, digits, to) > SAFE_DIGITS ? 'unsafe_integer' : undefined
  }
  if (!hasExponent && to - from <= LONG_NUMBER) return undefined
  const text = textOf(bytes, from, to)
  const value = Number(text)
  if (value === Infinity || value === -Infinity) return 'number_overflow'
  const isZero = value === 0 && /[1-9]/.test(text.split(/[eE]/, 1)[0]!)
  return isZero ? 'number_underflow' : undefined
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1')
