import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { isMillraceError } from '../core/index.ts'
import { createRandom } from '../kernels/index.ts'
import { artifactDigest, decodeArtifact, encodeArtifact } from './artifact.ts'
import type { Artifact } from './model.ts'
import { loadModel } from './open-model.ts'
import { decodeTensors, encodeTensors } from './safetensors.ts'

const artifact: Artifact = {
  kind: 'ridge',
  task: 'regressor',
  format: 1,
  params: { regularization: 1 },
  facts: { intercept: 0.1 + 0.2, features: ['grün', 'b'], categories: [] },
  tensors: {
    mean: { shape: [2], data: Float64Array.of(1, -2.5) },
    deviation: { shape: [2], data: Float64Array.of(1e-300, 3) },
    coefficients: { shape: [2], data: Float64Array.of(-0, 5e-324) },
    flags: { shape: [3], data: Uint8Array.of(1, 2, 3) },
    ids: { shape: [2, 1], data: Int32Array.of(-7, 7) },
    small: { shape: [1], data: Float32Array.of(0.5) },
    none: { shape: [0, 4], data: Float64Array.of() },
  },
}

type Files = Map<string, Uint8Array>
const filesOf = (one: Artifact): Files =>
  new Map([...encodeArtifact(one).files].map(([name, bytes]) => [name, Uint8Array.from(bytes)]))
const change = (name: string, edit: (bytes: Uint8Array) => Uint8Array): Files => {
  const files = filesOf(artifact)
  return files.set(name, edit(files.get(name)!))
}
const refusal = (files: Files): string => {
  try {
    decodeArtifact(files)
  } catch (error) {
    if (isMillraceError(error, 'MODEL_ARTIFACT_INVALID')) return error.message
    throw error
  }
  throw new Error('it was read')
}

test('what was written is read, every bit', () => {
  const { files, digest } = encodeArtifact(artifact)
  expect(decodeArtifact(files)).toEqual(artifact)
  expect(Object.is(decodeArtifact(files).tensors['coefficients']!.data[0], -0)).toBe(true)
  expect(encodeArtifact(decodeArtifact(files)).digest).toBe(digest)
})

test('the digest is the SHA-256 of both files, one after the other', () => {
  const { files, digest } = encodeArtifact(artifact)
  const both = Buffer.concat([files.get('model.json')!, files.get('tensors.safetensors')!])
  expect(digest).toBe(createHash('sha256').update(both).digest('hex'))
  expect(artifactDigest(files)).toBe(digest)
})

const reversed = <Part extends object>(part: Part): Part =>
  Object.fromEntries(Object.entries(part).toReversed()) as Part

test('the order of keys does not change a byte', () => {
  const other = reversed({
    ...artifact,
    facts: reversed(artifact.facts),
    tensors: reversed(artifact.tensors),
  })
  expect(encodeArtifact(other).digest).toBe(encodeArtifact(artifact).digest)
})

test('the tensor file has the layout of safetensors', () => {
  const bytes = Buffer.from(
    encodeTensors({
      b: { shape: [1], data: Int32Array.of(258) },
      a: { shape: [1], data: Float64Array.of(1) },
    }),
  )
  const length = Number(bytes.readBigUInt64LE())
  expect(length % 8).toBe(0)
  expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({
    a: { dtype: 'F64', shape: [1], data_offsets: [0, 8] },
    b: { dtype: 'I32', shape: [1], data_offsets: [8, 12] },
  })
  expect(bytes.subarray(8 + length).toString('hex')).toBe('000000000000f03f02010000')
})

test('a flipped bit anywhere is found', () => {
  const seed = 20_260_101
  const random = createRandom(seed)
  const digest = artifactDigest(filesOf(artifact))
  for (let i = 0; i < 300; i++) {
    const name = i % 2 === 0 ? 'model.json' : 'tensors.safetensors'
    const files = change(name, (bytes) => {
      bytes[random.int(bytes.length)]! ^= 1 << random.int(8)
      return bytes
    })
    expect(artifactDigest(files), `seed ${seed}, change ${i}`).not.toBe(digest)
    // The manifest's digest of the tensors finds those without knowing the artifact's.
    if (name === 'tensors.safetensors') expect(refusal(files)).toContain('differs from the digest')
  }
})

test('a file cut short, missing, unknown or not JSON is refused', () => {
  expect(refusal(change('tensors.safetensors', (bytes) => bytes.subarray(1)))).toContain(
    'bytes, the manifest says',
  )
  expect(refusal(change('model.json', (bytes) => bytes.subarray(0, 20)))).toContain(
    'model.json is not JSON',
  )
  const files = filesOf(artifact)
  files.delete('model.json')
  expect(refusal(files)).toContain('here are: tensors.safetensors')
  expect(refusal(filesOf(artifact).set('extra.bin', Uint8Array.of(1)))).toContain('extra.bin')
})

test('an unknown key in the manifest is refused', () => {
  const files = change('model.json', (bytes) =>
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(bytes).toString()), code: 'x' })),
  )
  expect(refusal(files)).toContain('code')
})

const withMean = (mean: Float64Array): Artifact => ({
  ...artifact,
  tensors: { mean: { shape: [1], data: mean } },
})

test('values that are not finite are neither written nor read', () => {
  expect(() => encodeArtifact(withMean(Float64Array.of(Number.NaN)))).toThrow('not finite')
  expect(() => encodeArtifact({ ...artifact, facts: { x: [Infinity] } })).toThrow('finite')
  const tensors = encodeTensors(withMean(Float64Array.of(Infinity)).tensors)
  const files = filesOf(withMean(Float64Array.of(1))).set('tensors.safetensors', tensors)
  const manifest = JSON.parse(Buffer.from(files.get('model.json')!).toString())
  manifest.tensors.sha256 = createHash('sha256').update(tensors).digest('hex')
  files.set('model.json', Buffer.from(JSON.stringify(manifest)))
  expect(refusal(files)).toContain('not finite')
})

/** A tensor file with this header over `dataBytes` zero bytes. */
function tensorFile(header: unknown, dataBytes: number, length?: bigint): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = Buffer.alloc(8 + json.length + dataBytes)
  bytes.writeBigUInt64LE(length ?? BigInt(json.length))
  json.copy(bytes, 8)
  return bytes
}
const f64 = (shape: number[], begin: number, end: number) => ({
  dtype: 'F64',
  shape,
  data_offsets: [begin, end],
})

test.each([
  ['too short', Uint8Array.of(1, 2), 'too short'],
  ['header longer than the file', tensorFile('{}', 0, 2n ** 63n), 'the header would be'],
  ['header not JSON', tensorFile('{', 0), 'JSON'],
  [
    'unknown type',
    tensorFile({ a: { ...f64([1], 0, 8), dtype: 'F16' } }, 8),
    'the header is wrong',
  ],
  ['unknown key', tensorFile({ a: { ...f64([1], 0, 8), code: 1 } }, 8), 'the header is wrong'],
  ['shape and offsets differ', tensorFile({ a: f64([2], 0, 8) }, 8), 'tensor "a"'],
  ['huge shape', tensorFile({ a: f64([2 ** 40, 2 ** 40], 0, 8) }, 8), 'tensor "a"'],
  ['beyond the end', tensorFile({ a: f64([2], 0, 16) }, 8), 'tensor "a"'],
  ['overlap', tensorFile({ a: f64([1], 0, 8), b: f64([1], 0, 8) }, 8), 'tensor "b"'],
  ['gap', tensorFile({ a: f64([1], 8, 16) }, 16), 'tensor "a"'],
  ['bytes left over', tensorFile({ a: f64([1], 0, 8) }, 16), '8 bytes follow'],
])('a tensor file is refused: %s', (_name, bytes, message) => {
  expect(() => decodeTensors(bytes)).toThrow(message)
})

test('an artifact of another kind, a newer format or without a tensor is not loaded', async () => {
  await expect(loadModel({ ...artifact, kind: 'oracle' })).rejects.toThrow(
    'there is no kind of model "oracle": use one of bias, boosted-trees',
  )
  await expect(loadModel({ ...artifact, format: 2 })).rejects.toThrow('reads up to 1')
  await expect(loadModel({ ...artifact, tensors: {} })).rejects.toThrow('tensor "mean"')
  await expect(loadModel({ ...artifact, facts: {} })).rejects.toThrow('/facts/features')
  expect((await loadModel(artifact)).kind).toBe('ridge')
})
