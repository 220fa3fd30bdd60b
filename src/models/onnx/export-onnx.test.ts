/** That a runtime computes the same answers is tested with onnxruntime: `test/engines/exported-models.test.ts`. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { expect, test } from 'vitest'
import type { Artifact, Dataset } from '../model.ts'
import { openKind, parseParams } from '../open-model.ts'
import { exportOnnx } from './export-onnx.ts'

const data: Dataset = {
  matrix: { names: ['b', 'a'], rows: 4, values: Float64Array.of(1, 2, 3, 4, 5, 7, 7, 8) },
  categories: [
    { name: 'features', levels: ['x', 'y'], codes: Int32Array.of(0, 1, 0, 1) },
    { name: 'town', levels: ['p'], codes: Int32Array.of(0, 0, -1, 0) },
  ],
  label: Float64Array.of(0, 1, 0, 1),
}

async function artifact(name: string, of: Dataset = data): Promise<Artifact> {
  const kind = await openKind(name)
  return (await kind.fit(of, parseParams(kind, {}), { seed: 1 })).save()
}

/** Length-delimited values of one field of a message, in order. */
function fields(message: Uint8Array, field: number): Uint8Array[] {
  const reader = new BinaryReader(message)
  const found: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number === field && type === WireType.LengthDelimited) found.push(reader.bytes())
    else reader.skip(type)
  }
  return found
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

test('inputs are the sorted features and one column per category; outputs are named by the task', async () => {
  const [graph] = fields(exportOnnx(await artifact('logistic'), { reference: 'like@7' }), 7)
  const names = (field: number): string[] =>
    fields(graph!, field).map((value) => text(fields(value, 1)[0]))
  expect(text(fields(graph!, 2)[0])).toBe('like@7')
  // The matrix is called features, so a category of that name is not.
  expect(names(11)).toEqual(['features', 'features_text', 'town'])
  expect(names(12)).toEqual(['probability', 'label'])
})

test('the order of the features and the kind are in the metadata', async () => {
  const file = exportOnnx(await artifact('ridge'), { reference: 'spend@1', range: [0, 5] })
  const metadata = Object.fromEntries(
    fields(file, 14).map((entry) => [text(fields(entry, 1)[0]), text(fields(entry, 2)[0])]),
  )
  expect(metadata).toEqual({
    'millrace.model': 'spend@1',
    'millrace.kind': 'ridge',
    'millrace.features': '["a","b"]',
    'millrace.categories': '[]',
  })
})

test('the same model is the same bytes', async () => {
  const model = await artifact('boosted-trees')
  const file = exportOnnx(model, { reference: 'a@1' })
  expect(exportOnnx(model, { reference: 'a@1' })).toEqual(file)
  expect(exportOnnx(model, { reference: 'a@2' })).not.toEqual(file)
})

test('what ONNX is not written for is said, with what can be done', async () => {
  const bayes = await artifact('naive-bayes')
  expect(() => exportOnnx(bayes, { reference: 'like@7' })).toThrow(
    /like@7 is of kind naive-bayes: ONNX is written for bias, .*model\.json/,
  )
  const nothing = await artifact('logistic', {
    ...data,
    matrix: { names: [], rows: 4, values: new Float64Array() },
    categories: [],
  })
  expect(() => exportOnnx(nothing, { reference: 'like@7' })).toThrow(/learned from no input/)
})
