/** C7 of the reliability catalogue: whatever a row to predict holds, the answer is finite and the same each time. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMillraceError } from '../core/index.ts'
import { modelCatalog } from './catalog.ts'
import { answersOf, conformanceData, snapshot } from './model.conformance-data.ts'
import type { FittedRows, ModelKind, PredictInput } from './model.ts'
import { parseParams } from './open-model.ts'

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324, 2 ** 53 + 2),
)
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(
    null,
    '',
    '__proto__',
    'constructor',
    'user-1',
    'item-3',
    '\u0000',
    '\ud800',
    '1e308',
  ),
)
/** Columns of the training, some left out, in any order, with others between. */
const input = fc
  .record({
    names: fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', '__proto__'], { minLength: 3 }),
    categories: fc.subarray(['user', 'item', 'town'], { minLength: 1 }),
    rows: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ names, categories, rows }) =>
    fc.record({
      matrix: fc
        .array(number, { minLength: rows * names.length, maxLength: rows * names.length })
        .map((values) => ({ names, rows, values: Float64Array.from(values) })),
      categories: fc
        .tuple(...categories.map(() => fc.array(text, { minLength: rows, maxLength: rows })))
        .map((columns) =>
          Object.fromEntries(columns.map((column, at) => [categories[at] ?? '', column])),
        ),
    }),
  )

const kinds = await Promise.all(
  Object.values(modelCatalog).map((open) => open() as Promise<ModelKind>),
)

const numbersOf = (fitted: FittedRows, asked: PredictInput): number[] =>
  Object.entries(answersOf(fitted, asked)).flatMap(([name, values]) =>
    name === 'unknown' ? [] : Array.from(values as Float64Array),
  )

describe.each(kinds)('$name', (kind) => {
  test('C7: 500 hostile requests get finite answers, twice the same, or name the column that is missing', async () => {
    const data = conformanceData(kind.task, 300, 41)
    const fitted = await kind.fit(data, parseParams(kind, {}), { seed: 1 })
    let answered = 0
    fc.assert(
      fc.property(input, (asked) => {
        const before = snapshot(asked)
        try {
          const numbers = numbersOf(fitted, asked)
          expect(numbers.every((value) => Number.isFinite(value))).toBe(true)
          expect(numbersOf(fitted, asked)).toEqual(numbers)
          answered += 1
        } catch (error) {
          if (!isMillraceError(error, 'MODEL_INVALID_DATA')) throw error
          expect(error.message).toMatch(/is missing/)
        }
        expect(snapshot(asked)).toBe(before)
      }),
      { numRuns: 500, seed: 20 },
    )
    expect(answered).toBeGreaterThan(20)
  })
})
