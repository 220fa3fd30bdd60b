/**
 * CRC-32C by folding, 128 bytes a step, in WebAssembly SIMD (`wasm/crc32c.as.ts`).
 *
 * A register of CRC-32C is a polynomial of degree below 32, and what follows in the message multiplies it by a power of x,
 * modulo P. So everything before a place may be replaced by any 128 bytes with the same remainder, the state. Byte j of the
 * four planes of the state (bytes j, 32 + j, 64 + j and 96 + j) have the weights x^768, x^512, x^256 and 1, times one common
 * power; modulo P every polynomial below x^32 is a sum of four bytes with these weights, in one way. So a step, state × x^1024
 * plus the next 128 bytes, works on each lane j for itself, and is linear: each nibble of a plane adds a byte to every plane,
 * which a table of sixteen says.
 */
import { openModule, webAssembly } from './webassembly.ts'

export const BLOCK_BYTES = 128
const PLANES = 4
const LANES = BLOCK_BYTES / PLANES
const TABLES_AT = 0
const STATE_AT = 1024
const BYTES_AT = 2048
/** Copied at once into the module's memory: what stays in the first cache. */
const PIECE_BYTES = 32 * 1024

interface FoldModule {
  readonly fold: (tables: number, state: number, from: number, to: number) => void
}

/** The register (reflected, as in crc32c.ts) after `zeros` zero bytes. */
export type Advance = (register: number, zeros: number) => number

export interface Folding {
  /**
   * Replaces the blocks of `bytes[start, end)`, a multiple of BLOCK_BYTES, at least one, by the state: 128 bytes with the
   * same CRC. A view, good until the next call; `register` is the one before the bytes.
   */
  fold(bytes: Uint8Array, start: number, end: number, register: number): Uint8Array
}

/** Undefined when the module was not built or the processor has no SIMD. */
export function openFolding(advance: Advance): Folding | undefined {
  const module = openModule('crc32c')
  if (module === undefined) return undefined
  const memory = new webAssembly.Memory({ initial: 1, maximum: 1 })
  const { fold } = new webAssembly.Instance(module, { env: { memory } }).exports as FoldModule
  const space = new Uint8Array(memory.buffer)
  space.set(stepTables(advance), TABLES_AT)
  const state = space.subarray(STATE_AT, STATE_AT + BLOCK_BYTES)
  return {
    fold(bytes, start, end, register) {
      state.set(bytes.subarray(start, start + BLOCK_BYTES))
      for (let byte = 0; byte < 4; byte++) state[byte]! ^= (register >>> (8 * byte)) & 0xff
      for (let at = start + BLOCK_BYTES; at < end; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, Math.min(end, at + PIECE_BYTES))
        space.set(piece, BYTES_AT)
        fold(TABLES_AT, STATE_AT, BYTES_AT, BYTES_AT + piece.length)
      }
      return state
    },
  }
}

/** For each plane of the state: low nibbles to the four planes, then high nibbles; sixteen bytes each. */
function stepTables(advance: Advance): Uint8Array {
  const weight = (plane: number): number => (PLANES - 1 - plane) * LANES
  // A byte is the register's lowest after it was read; its own eight bits are advanced like zeros that follow.
  const contribution = (byte: number, zeros: number): number => advance(byte, zeros + 1)
  const solve = basisOf((plane, bit) => contribution(1 << bit, weight(plane)))
  const tables = new Uint8Array(PLANES * BLOCK_BYTES)
  for (let plane = 0; plane < PLANES; plane++) {
    for (let half = 0; half < 2; half++) {
      for (let nibble = 0; nibble < 16; nibble++) {
        const byte = half === 0 ? nibble : nibble << 4
        const planes = solve(contribution(byte, BLOCK_BYTES + weight(plane)))
        for (let to = 0; to < PLANES; to++) {
          tables[plane * BLOCK_BYTES + half * 64 + to * 16 + nibble] = (planes >>> (8 * to)) & 0xff
        }
      }
    }
  }
  return tables
}

/** Writes registers as sums of the 32 given ones (Gaussian elimination over two elements); bit 8 · plane + bit of an answer says which. */
function basisOf(register: (plane: number, bit: number) => number): (wanted: number) => number {
  const byTopBit: { value: number; sum: number }[] = []
  const reduce = (value: number, sum: number): { value: number; sum: number } => {
    let rest = { value, sum }
    for (let top = 31; top >= 0; top--) {
      const row = byTopBit[top]
      if (((rest.value >>> top) & 1) === 0 || row === undefined) continue
      rest = { value: rest.value ^ row.value, sum: rest.sum ^ row.sum }
    }
    return rest
  }
  for (let index = 0; index < 32; index++) {
    const row = reduce(register(index >>> 3, index & 7), 1 << index)
    byTopBit[31 - Math.clz32(row.value)] = row
  }
  return (wanted) => reduce(wanted, 0).sum
}
