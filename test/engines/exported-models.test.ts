/**
 * Models as other programs read them: `model.onnx` by onnxruntime, and `model.json` with `tensors.safetensors` by a short reader
 * with numpy (`read-artifact.py`). Skips, and says why, without Python or without PyPI at the first run.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../src/kernels/index.ts'
import {
  encodeArtifact,
  exportOnnx,
  openKind,
  parseParams,
  type Dataset,
  type Fitted,
  type ModelKindName,
  type PredictInput,
} from '../../src/models/index.ts'
import { missingForPython, runPython } from './python-packages.ts'

const ROWS = 1_000
const NAMES = ['age', 'visits', 'spend']
const LEVELS = Array.from({ length: 30 }, (_, at) => `town ${at} ü`)

interface World {
  readonly values: Float64Array
  readonly codes: Int32Array
  /** What the label is made of. */
  readonly truth: Float64Array
}

function world(seed: number): World {
  const random = createRandom(seed)
  const values = Float64Array.from({ length: ROWS * NAMES.length }, () =>
    random.uniform() < 0.1 ? Number.NaN : random.gaussian(),
  )
  const codes = Int32Array.from({ length: ROWS }, () => random.int(LEVELS.length))
  const at = (row: number, column: number): number => values[row * NAMES.length + column] || 0
  const truth = Float64Array.from(
    { length: ROWS },
    (_, row) =>
      at(row, 0) + 0.5 * at(row, 1) ** 2 + 0.4 * (codes[row]! % 5) - 1.5 + 0.3 * random.gaussian(),
  )
  return { values, codes, truth }
}

const { values, codes, truth } = world(5)

/** Rows to ask: those of the training, some with what no training row had. */
const asked = values.slice()
asked[2] = Number.POSITIVE_INFINITY
asked[4] = -1e300
const texts = Array.from(codes, (code, row) => (row % 7 === 0 ? 'never seen' : LEVELS[code]!))

async function fit(name: ModelKindName, params: Record<string, unknown>): Promise<Fitted> {
  const kind = await openKind(name)
  const data: Dataset = {
    matrix: { names: NAMES, rows: ROWS, values },
    categories: kind.uses.categories ? [{ name: 'town', levels: LEVELS, codes }] : [],
    label: kind.task === 'classifier' ? truth.map((value) => (value > 0 ? 1 : 0)) : truth,
  }
  return await kind.fit(data, parseParams(kind, params), { seed: 1 })
}

function answers(fitted: Fitted): Float64Array {
  const input: PredictInput = {
    matrix: { names: NAMES, rows: ROWS, values: asked },
    categories: { town: texts },
  }
  if (fitted.task === 'classifier') return fitted.predictProba(input).probability
  if (fitted.task === 'regressor') return fitted.predict(input).value
  throw new TypeError(`a ${fitted.task} was not meant`)
}

/** One process for all files: most of its time is onnxruntime's start. */
const ONNX = `
import json, sys
import numpy as np
import onnxruntime
given = json.load(sys.stdin)
answers = []
for file in sys.argv[1:]:
    session = onnxruntime.InferenceSession(file, providers=['CPUExecutionProvider'])
    names = json.loads(session.get_modelmeta().custom_metadata_map['millrace.features'])
    x = np.array([[float(row[name]) for name in names] for row in given['rows']], dtype=np.float64)
    texts = np.array(given['texts'], dtype=object)
    feed = {i.name: x if i.name == 'features' else texts for i in session.get_inputs()}
    answers.append(session.run([session.get_outputs()[0].name], feed)[0].tolist())
print(json.dumps(answers))
`

const missing = missingForPython('python-onnx')

describe.skipIf(missing !== undefined)(`E7: a model in another language${missing ?? ''}`, () => {
  const cases: [ModelKindName, Record<string, unknown>][] = [
    ['logistic', {}],
    ['logistic', { calibration: 'platt' }],
    ['logistic', { calibration: 'isotonic' }],
    ['ridge', {}],
    ['bias', {}],
    ['boosted-trees', {}],
    ['boosted-trees', { calibration: 'isotonic' }],
    ['boosted-trees-regressor', {}],
    ['random-forest', {}],
    ['random-forest', { calibration: 'platt' }],
    ['random-forest-regressor', {}],
  ]
  let folder: string
  let ours: Float64Array[]
  let theirs: number[][]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-export-'))
    const models = await Promise.all(cases.map(([name, params]) => fit(name, params)))
    ours = models.map(answers)
    const files = models.map((_, at) => join(folder, `${at}.onnx`))
    for (const [at, fitted] of models.entries()) {
      await writeFile(files[at]!, exportOnnx(fitted.save(), { reference: `m${at}@1` }))
    }
    const rows = Array.from({ length: ROWS }, (_, row) =>
      Object.fromEntries(
        NAMES.map((feature, column) => [feature, textOf(asked[row * NAMES.length + column]!)]),
      ),
    )
    const input = JSON.stringify({ rows, texts })
    theirs = JSON.parse(await runPython('python-onnx', ['-c', ONNX, ...files], input)) as number[][]
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test.each(cases.map(([name, params], at) => ({ name, params, at })))(
    '$name $params: onnxruntime gives the same answers',
    ({ at }) => compare(theirs[at]!, ours[at]!),
  )

  test.each(['logistic', 'ridge'] as const)('%s: thirty lines of numpy do too', async (name) => {
    const fitted = await fit(name, {})
    for (const [file, bytes] of encodeArtifact(fitted.save()).files) {
      await writeFile(join(folder, file), bytes)
    }
    const rows = Array.from({ length: ROWS }, (_, row) => ({
      ...Object.fromEntries(
        NAMES.map((feature, column) => [feature, numberOf(asked[row * NAMES.length + column]!)]),
      ),
      town: texts[row],
    }))
    const reader = fileURLToPath(new URL('read-artifact.py', import.meta.url))
    const out = await runPython('python-onnx', [reader, folder], JSON.stringify(rows))
    compare(JSON.parse(out) as number[], answers(fitted))
  })
})

function compare(theirs: readonly number[], ours: Float64Array): void {
  expect(theirs).toHaveLength(ours.length)
  for (const [row, value] of ours.entries()) {
    const difference = Math.abs(theirs[row]! - value) / Math.max(1, Math.abs(value))
    if (!(difference < 1e-9)) expect.fail(`row ${row}: ${theirs[row]} and ${value}`)
  }
}

/** As Python's float() reads it; JSON has no such numbers. */
const textOf = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'nan' : 'inf'
const numberOf = (value: number): number | null => (Number.isFinite(value) ? value : null)
