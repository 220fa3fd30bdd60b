/**
 * Tensors in the safetensors layout (format description in the safetensors repository's README): 8 bytes with the length N
 * of the header, little-endian; N bytes of JSON, padded with spaces to a multiple of 8; then the tensors, raw, little-endian,
 * row-major, without a gap. Here sorted by element size (largest first) and name, so the same tensors are the same bytes.
 */
import { z } from 'zod'
import type { Tensor } from './model.ts'

const dtypes = { F64: Float64Array, F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const
type Dtype = keyof typeof dtypes

const header = z.record(
  z.string(),
  z.strictObject({
    dtype: z.enum(Object.keys(dtypes) as [Dtype, ...Dtype[]]),
    shape: z.array(z.int().min(0)),
    data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
  }),
)

export function encodeTensors(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  const sorted = Object.entries(tensors)
    .map(([name, tensor]) => ({ name, tensor, dtype: dtypeOf(tensor.data) }))
    .toSorted((a, b) => {
      const bySize = b.tensor.data.BYTES_PER_ELEMENT - a.tensor.data.BYTES_PER_ELEMENT
      return bySize || (a.name < b.name ? -1 : 1)
    })
  let end = 0
  const entries = sorted.map(({ name, tensor, dtype }) => {
    const begin = end
    end += tensor.data.byteLength
    return [name, { dtype, shape: tensor.shape, data_offsets: [begin, end] }] as const
  })
  const text = JSON.stringify(Object.fromEntries(entries))
  const json = Buffer.from(text)
  const headerBytes = Math.ceil(json.length / 8) * 8
  const bytes = Buffer.alloc(8 + headerBytes + end, ' ')
  bytes.writeBigUInt64LE(BigInt(headerBytes))
  json.copy(bytes, 8)
  let at = 8 + headerBytes
  for (const { tensor } of sorted) {
    const { buffer, byteOffset, byteLength } = tensor.data
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at)
    at += byteLength
  }
  return bytes
}

function dtypeOf(data: Tensor['data']): Dtype {
  const names = Object.keys(dtypes) as Dtype[]
  const found = names.find((name) => data instanceof dtypes[name])
  if (!found)
    throw new TypeError('a tensor is a Float64Array, Float32Array, Int32Array or Uint8Array')
  return found
}

/**
 * The tensors of a file. Every length is checked against the file before anything is allocated. Throws an Error
 * that says what is wrong.
 */
export function decodeTensors(bytes: Uint8Array): Record<string, Tensor> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < 8) throw new Error(`${view.length} bytes are too short for a header`)
  const headerBytes = Number(view.readBigUInt64LE())
  if (headerBytes > view.length - 8)
    throw new Error(`the header would be ${headerBytes} bytes long`)
  const parsed = header.safeParse(JSON.parse(view.toString('utf8', 8, 8 + headerBytes)))
  if (!parsed.success) throw new Error(`the header is wrong: ${parsed.error.issues[0]?.message}`)
  const data = view.subarray(8 + headerBytes)
  const entries = Object.entries(parsed.data).toSorted(
    ([, a], [, b]) =>
      a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )
  let expected = 0
  for (const [name, { dtype, shape, data_offsets }] of entries) {
    const [begin, end] = data_offsets
    const size = shape.reduce((product, length) => product * length, 1)
    const sizeBytes = size * dtypes[dtype].BYTES_PER_ELEMENT
    if (begin !== expected || end - begin !== sizeBytes || end > data.length) {
      throw new Error(`tensor "${name}" is said to be at ${begin} to ${end}`)
    }
    expected = end
  }
  if (expected !== data.length)
    throw new Error(`${data.length - expected} bytes follow the tensors`)
  return Object.fromEntries(
    entries.map(([name, { dtype, shape, data_offsets }]): [string, Tensor] => {
      // A copy, because a typed array must begin at a multiple of its element size.
      const copy = Uint8Array.from(data.subarray(...data_offsets))
      return [name, { shape, data: new dtypes[dtype](copy.buffer) }]
    }),
  )
}
