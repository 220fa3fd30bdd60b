/**
 * What every kind of model promises, as checks free of any test runner. A check is named by the guarantee of `model.ts` that
 * it holds; `modelConformance(kind)` is called by the test of each kind. The data are in `model.conformance-data.ts`.
 */
import assert from 'node:assert/strict'
import { z } from 'zod'
import { isMillraceError, type ConformanceCheck } from '../core/index.ts'
import { encodeArtifact, decodeArtifact } from './artifact.ts'
import {
  alikeRows,
  answersOf,
  conformanceData,
  degenerateData,
  inputOf,
  shuffledColumns,
  snapshot,
} from './model.conformance-data.ts'
import { endsInTime } from './ends-in-time.conformance.ts'
import { sigmoid } from './log-odds.ts'
import type {
  Dataset,
  FittedRows,
  FittedClassifier,
  FittedRegressor,
  ModelKind,
  PredictInput,
} from './model.ts'
import { parseParams } from './open-model.ts'

/** `params`: for a kind that learns in several ways, those that choose one; by default it is as it comes. */
export function modelConformance(
  kind: ModelKind,
  params: Readonly<Record<string, unknown>> = {},
): ConformanceCheck[] {
  const fit = (data: Dataset, seed = 1, signal?: AbortSignal): Promise<FittedRows> =>
    kind.fit(data, parseParams(kind, params), { seed, signal })
  const check = (guarantee: string, name: string, run: () => Promise<void>): ConformanceCheck => ({
    guarantee,
    name: `${kind.name}: ${name}`,
    run,
  })

  return [
    check('M1', 'fit and predict do not change their inputs', async () => {
      const data = conformanceData(kind.task, 200, 11)
      const before = snapshot(data)
      const fitted = await fit(data)
      assert.equal(snapshot(data), before)
      const input = inputOf(data)
      const asked = snapshot(input)
      answersOf(fitted, input)
      assert.equal(snapshot(input), asked)
    }),
    check('M2', 'the same data, parameters and seed give the same bytes', async () => {
      const [first, second] = await Promise.all(
        [1, 2].map(async () => digestOf(await fit(conformanceData(kind.task, 300, 12), 77))),
      )
      assert.equal(first, second)
    }),
    check('M3', 'a saved and loaded model predicts the same bits', async () => {
      const data = conformanceData(kind.task, 200, 13)
      const fitted = await fit(data)
      const encoded = encodeArtifact(fitted.save())
      const loaded = kind.load(decodeArtifact(encoded.files))
      assert.equal(loaded.kind, kind.name)
      assert.equal(
        snapshot(answersOf(loaded, inputOf(data))),
        snapshot(answersOf(fitted, inputOf(data))),
      )
      assert.equal(digestOf(loaded), encoded.digest)
    }),
    check('M4', 'the order of columns changes neither artifact nor prediction', async () => {
      const data = conformanceData(kind.task, 200, 14)
      const moved = shuffledColumns(data)
      const [fitted, other] = [await fit(data), await fit(moved)]
      assert.equal(digestOf(other), digestOf(fitted))
      const expected = snapshot(answersOf(fitted, inputOf(data)))
      assert.equal(snapshot(answersOf(fitted, inputOf(moved))), expected)
      assert.equal(snapshot(answersOf(other, inputOf(data))), expected)
    }),
    ...degenerateData(kind.task).map(({ name, data }) =>
      check('M5', `${name}: finite predictions or a clear error`, async () => {
        let fitted: FittedRows
        try {
          fitted = await fit(data)
        } catch (error) {
          assert.ok(
            isMillraceError(error, 'MODEL_TOO_FEW_ROWS') ||
              isMillraceError(error, 'MODEL_INVALID_DATA'),
            `unexpected error: ${String(error)}`,
          )
          return
        }
        assertFinite(fitted, inputOf(data))
        assertFinite(fitted, inputOf(conformanceData(kind.task, 20, 15)))
        encodeArtifact(fitted.save())
      }),
    ),
    check('M5', 'no row gives MODEL_TOO_FEW_ROWS', async () => {
      await assert.rejects(fit(conformanceData(kind.task, 0, 16)), (error) =>
        isMillraceError(error, 'MODEL_TOO_FEW_ROWS'),
      )
    }),
    check('M6', 'missing values and unknown levels are answered and named', async () => {
      const data = conformanceData(kind.task, 200, 17)
      const fitted = await fit(data)
      const input = strangeInput(data)
      assertFinite(fitted, input)
      const { unknown } = answersOf(fitted, input)
      const expected = [
        ...(kind.uses.features ? [['a'], ['b']] : [undefined, undefined]),
        ...(kind.uses.categories ? [['user'], ['item']] : [undefined, undefined]),
        undefined,
      ]
      assert.deepEqual([...unknown], expected)
    }),
    check('M6', 'a column of fit that is not in the input is refused', async () => {
      const fitted = await fit(conformanceData(kind.task, 50, 18))
      const empty: PredictInput = {
        matrix: { names: [], rows: 1, values: new Float64Array(0) },
        categories: {},
      }
      if (kind.uses.features || kind.uses.categories) {
        assert.throws(
          () => answersOf(fitted, empty),
          (error) => isMillraceError(error, 'MODEL_INVALID_DATA'),
        )
      } else assertFinite(fitted, empty)
    }),
    check('M7', 'fit does not begin with an aborted signal', async () => {
      const reason = new Error('stopped before')
      await assert.rejects(
        fit(conformanceData(kind.task, 50, 19), 1, AbortSignal.abort(reason)),
        (error) => error === reason,
      )
    }),
    check('M7', 'fit ends within 100 ms of its signal', async () => {
      const data = conformanceData(kind.task, 150_000, 20)
      await endsInTime((signal) => fit(data, 1, signal))
    }),
    check('M8', 'every answer is the base plus the contributions of the inputs', async () => {
      const data = conformanceData(kind.task, 300, 21)
      const fitted = await fit(data)
      if (fitted.task === 'clusterer') return
      checkExplanation(fitted, inputOf(data))
      checkExplanation(fitted, strangeInput(data))
      const names = Object.keys(fitted.importance?.() ?? {})
      if (names.length > 0) {
        assert.deepEqual(names.toSorted(), [...fitted.explain(inputOf(data)).names].toSorted())
      }
    }),
    check('M9', 'a row of weight 3 counts as three rows', async () => {
      const data = alikeRows()
      /** What is said of rows that are all alike, and 1 every second time. */
      const answer = async (ones: number, zeros: number): Promise<number> => {
        const weight = data.label.map((y) => (y === 1 ? ones : zeros))
        const fitted = await fit({ ...data, weight })
        if (fitted.task === 'clusterer') return fitted.profiles()[0]?.centroid['a'] ?? Number.NaN
        const answers =
          fitted.task === 'classifier'
            ? fitted.predictProba(inputOf(data)).probability
            : fitted.predict(inputOf(data)).value
        return answers[0] ?? Number.NaN
      }
      const [more, less] = [await answer(3, 1), await answer(1, 3)]
      const [high, low] = kind.task === 'clusterer' ? [7, 7] : [0.75, 0.25]
      assert.ok(Math.abs(more - high) < 0.03, `${more} is not near ${high}`)
      assert.ok(Math.abs(less - low) < 0.03, `${less} is not near ${low}`)
    }),
    check(
      'parameters',
      'each has default, description and unit; unknown ones are refused',
      async () => {
        checkParameters(kind)
      },
    ),
  ]
}

/** Also for kinds of recommenders. */
export function checkParameters(kind: Pick<ModelKind, 'name' | 'params'>): void {
  const schema = z.toJSONSchema(kind.params, { io: 'input' }) as {
    readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    assert.notEqual(field['default'], undefined, `${name} has no default`)
    assert.equal(typeof field['description'], 'string', `${name} has no description`)
    assert.equal(typeof field['unit'], 'string', `${name} has no unit`)
    if (field['type'] === 'number' || field['type'] === 'integer') {
      assert.equal(typeof field['minimum'], 'number', `${name} has no minimum`)
      assert.equal(typeof field['maximum'], 'number', `${name} has no maximum`)
    }
  }
  assert.throws(
    () => parseParams(kind, { surprise: 1 }),
    (error) => isMillraceError(error, 'MODEL_INVALID_PARAMS'),
  )
}

/** Rows with one thing wrong each: feature a missing, b infinite, unknown user, missing item; the last is fine. */
function strangeInput(data: Dataset): PredictInput {
  const { matrix } = data
  const columns = matrix.names.length
  const values = matrix.values.slice(0, 5 * columns).map((x) => (Number.isFinite(x) ? x : 0))
  values[matrix.names.indexOf('a')] = Number.NaN
  values[columns + matrix.names.indexOf('b')] = Infinity
  const known = inputOf(data).categories
  const user = known['user']!.slice(0, 5)
  const item = known['item']!.slice(0, 5)
  user[2] = '__proto__'
  item[3] = null
  return { matrix: { names: matrix.names, rows: 5, values }, categories: { user, item } }
}

function checkExplanation(fitted: FittedClassifier | FittedRegressor, input: PredictInput): void {
  const { names, base, contributions, score } = fitted.explain(input)
  const { rows } = input.matrix
  assert.equal(new Set(names).size, names.length, 'an input is named twice')
  assert.equal(contributions.length, rows * names.length)
  assert.equal(score.length, rows)
  const answers =
    fitted.task === 'classifier'
      ? fitted.predictProba(input).probability
      : fitted.predict(input).value
  for (let r = 0; r < rows; r++) {
    const parts = contributions.subarray(r * names.length, (r + 1) * names.length)
    const size = parts.reduce((sum, part) => sum + Math.abs(part), Math.abs(base))
    const sum = parts.reduce((total, part) => total + part, base)
    assert.ok(
      Math.abs(sum - score[r]!) <= 1e-9 * (1 + size),
      `row ${r}: the parts sum to ${sum}, the score is ${score[r]}`,
    )
    const answer = fitted.task === 'classifier' ? sigmoid(score[r]!) : score[r]!
    assert.ok(
      Math.abs(answer - answers[r]!) <= 1e-9 * (1 + Math.abs(answer)),
      `row ${r}: the score says ${answer}, the answer is ${answers[r]}`,
    )
  }
}

/** An explanation costs far more than an answer: of ten thousand rows half a minute by a hundred deep trees. */
const EXPLAINED_ROWS = 200

function firstRows({ matrix, categories }: PredictInput, most: number): PredictInput {
  const rows = Math.min(most, matrix.rows)
  const { names, values } = matrix
  return {
    matrix: { names, rows, values: values.subarray(0, rows * names.length) },
    categories: Object.fromEntries(
      Object.entries(categories).map(([name, texts]) => [name, texts.slice(0, rows)]),
    ),
  }
}

function assertFinite(fitted: FittedRows, input: PredictInput): void {
  for (const [name, answer] of Object.entries(answersOf(fitted, input))) {
    if (name === 'unknown') continue
    const numbers = Array.from(answer as Float64Array)
    assert.equal(numbers.length, input.matrix.rows)
    const bad = numbers.findIndex((value) => !Number.isFinite(value))
    assert.equal(bad, -1, `${name} of row ${bad} is ${numbers[bad]}`)
    if (name === 'probability') assert.ok(numbers.every((value) => value >= 0 && value <= 1))
  }
  if (fitted.task === 'clusterer') {
    for (const profile of fitted.profiles()) {
      assert.ok(Object.values(profile.centroid).every(Number.isFinite), 'a centroid is not finite')
    }
    return
  }
  const { base, contributions, score } = fitted.explain(firstRows(input, EXPLAINED_ROWS))
  for (const numbers of [
    [base],
    contributions,
    score,
    Object.values(fitted.importance?.() ?? {}),
  ]) {
    const bad = Array.from(numbers).findIndex((value) => !Number.isFinite(value))
    assert.equal(bad, -1, `a part of the explanation is ${numbers[bad]}`)
  }
}

const digestOf = (fitted: FittedRows): string => encodeArtifact(fitted.save()).digest
