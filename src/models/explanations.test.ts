/** What a kind's explanations are for: they name the input that made the answer. That they sum to it is M8. */
import { expect, test } from 'vitest'
import { createRandom } from '../kernels/index.ts'
import type { Dataset, FittedClassifier } from './model.ts'
import { openKind, parseParams } from './open-model.ts'

const NAMES = ['downgrades', 'errors', 'idle_days', 'thumbs_down']
const ROWS = 2_000

/** Each row of class 1 has one input far from the rest; which one is drawn, and is the cause. */
function planted(seed: number): { data: Dataset; cause: Int32Array } {
  const random = createRandom(seed)
  const values = Float64Array.from({ length: ROWS * NAMES.length }, () => random.gaussian())
  const label = new Float64Array(ROWS)
  const cause = new Int32Array(ROWS).fill(-1)
  for (let row = 0; row < ROWS; row += 1) {
    if (random.uniform() < 0.6) continue
    const column = random.int(NAMES.length)
    cause[row] = column
    label[row] = 1
    values[row * NAMES.length + column] = 6 + random.gaussian()
  }
  return { data: { matrix: { names: NAMES, rows: ROWS, values }, categories: [], label }, cause }
}

test.each(['logistic', 'boosted-trees', 'random-forest', 'naive-bayes'])(
  'B3: %s ranks the planted cause first in 95 of 100 rows that it had not seen',
  async (name) => {
    const kind = await openKind(name)
    const fitted = (await kind.fit(planted(1).data, parseParams(kind, {}), {
      seed: 1,
    })) as FittedClassifier
    const { data, cause } = planted(2)
    const { names, contributions } = fitted.explain({ matrix: data.matrix, categories: {} })
    let right = 0
    let caused = 0
    for (let row = 0; row < ROWS; row += 1) {
      if (cause[row]! < 0) continue
      caused += 1
      const own = Array.from(contributions.subarray(row * names.length, (row + 1) * names.length))
      if (names[own.indexOf(Math.max(...own))] === NAMES[cause[row]!]) right += 1
    }
    expect(right / caused).toBeGreaterThanOrEqual(0.95)
  },
)
