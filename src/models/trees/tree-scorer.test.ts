import { expect, test } from 'vitest'
import { createRandom, createTreeScorer } from '../../kernels/index.ts'
import { boostedTreesRegressor } from '../boosted-trees/boosted-trees.ts'
import { parseParams } from '../open-model.ts'
import { readEnsemble } from './tree-artifact.ts'
import { treeData } from './tree-data.testing.ts'
import { scoreRows } from './tree-ensemble.ts'

/** Few leaves are sieved, by one byte or several; many are walked to. */
test.each([2, 7, 40, 64, 65])(
  'the fast way gives the same bits as walking node by node in trees of %i leaves, missing and extreme values too, on any number of threads',
  async (maxLeaves) => {
    const params = parseParams(boostedTreesRegressor, { trees: 20, maxLeaves, minLeafRows: 1 })
    const train = treeData('regressor', 'train')
    const fitted = await boostedTreesRegressor.fit(train, params, { seed: 1 })
    const ensemble = readEnsemble(fitted.save())
    const trees = { ...ensemble, columns: 8 }
    const fast = createTreeScorer(trees)
    const threaded = createTreeScorer(trees, { threads: 3, threadedWork: 1 })
    if (!fast || !threaded) throw new Error('trees.wasm is missing: run "npm run build"')
    const random = createRandom(6)
    const count = 2_003
    const { threshold, column } = ensemble
    const strange = [Number.NaN, -Number.MAX_VALUE, Number.MAX_VALUE, 0, -0]
    const rows = Float64Array.from({ length: count * 8 }, () => {
      if (random.uniform() < 0.2) return strange[random.int(strange.length)]!
      // Exactly on a threshold, where one side or the other matters.
      if (random.uniform() < 0.3) return threshold[random.int(column.length)]!
      return random.uniform()
    })
    for (const size of [1, 3, 4, 255, 256, 257, count]) {
      const asked = rows.subarray(0, size * 8)
      const plain = scoreRows(ensemble, asked, size)
      expect(fast(asked, size, ensemble.base)).toEqual(plain)
      expect(threaded(asked, size, ensemble.base)).toEqual(plain)
    }
  },
)

test('trees that do not fit are left to the plain way', () => {
  const size = 600
  const isSplit = (at: number): boolean => at % 2 === 0 && at < size - 1
  const chain = {
    starts: Int32Array.of(0, size + 1),
    column: Int32Array.from({ length: size + 1 }, (_, at) => (isSplit(at) ? 0 : -1)),
    threshold: Float64Array.from({ length: size + 1 }, (_, at) => at),
    missingLeft: new Uint8Array(size + 1),
    left: Int32Array.from({ length: size + 1 }, (_, at) => (isSplit(at) ? at + 1 : 0)),
    value: new Float64Array(size + 1),
  }
  expect(createTreeScorer({ ...chain, columns: 1 })).toBeUndefined()
})
