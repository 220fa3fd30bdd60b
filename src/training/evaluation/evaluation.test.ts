import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { evaluate, metricCatalog } from './catalog.ts'
import { silhouette } from './silhouette.ts'

const close = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`)

describe('metrics', () => {
  const truth = Float64Array.of(0, 0, 1, 1, 1)
  const predicted = Float64Array.of(0.1, 0.4, 0.35, 0.8, 0.4)

  it('AUC counts pairs, ties half', () => {
    // Pairs (positive, negative): 0.35>0.1, 0.35<0.4, 0.8>both, 0.4>0.1, 0.4=0.4 → 1+0+2+1+0.5 of 6.
    close(metricCatalog.auc.compute({ truth, predicted }), 4.5 / 6)
  })

  it('AUC equals the count over all pairs on random scores with ties', () => {
    const random = createRandom(7)
    const t = Float64Array.from({ length: 300 }, () => random.int(2))
    const p = Float64Array.from({ length: 300 }, () => random.int(20) / 20)
    let wins = 0
    let pairs = 0
    for (let i = 0; i < 300; i += 1) {
      for (let j = 0; j < 300; j += 1) {
        if (t[i] !== 1 || t[j] !== 0) continue
        pairs += 1
        wins += (p[i] ?? 0) > (p[j] ?? 0) ? 1 : p[i] === p[j] ? 0.5 : 0
      }
    }
    close(metricCatalog.auc.compute({ truth: t, predicted: p }), wins / pairs)
  })

  it('a metric that the rows do not define is left out', () => {
    const one = Float64Array.of(1, 1)
    assert.equal(
      'auc' in evaluate('classifier', { truth: one, predicted: Float64Array.of(0.2, 0.3) }),
      false,
    )
    assert.equal(
      'r2' in evaluate('regressor', { truth: one, predicted: Float64Array.of(1, 1) }),
      false,
    )
  })

  it('errors of a regressor by hand', () => {
    const figures = evaluate('regressor', {
      truth: Float64Array.of(1, 2, 3),
      predicted: Float64Array.of(1, 3, 1),
    })
    close(figures['rmse'] ?? 0, Math.sqrt(5 / 3))
    close(figures['mae'] ?? 0, 1)
    close(figures['r2'] ?? 0, 1 - 5 / 2)
  })

  it('log loss of a certain mistake is finite', () => {
    const value = metricCatalog.log_loss.compute({
      truth: Float64Array.of(1),
      predicted: Float64Array.of(0),
    })
    assert.ok(Number.isFinite(value) && value > 30)
  })

  it('accuracy and Brier by hand', () => {
    close(metricCatalog.accuracy.compute({ truth, predicted }), 3 / 5)
    close(
      metricCatalog.brier.compute({ truth, predicted }),
      (0.01 + 0.16 + 0.4225 + 0.04 + 0.36) / 5,
    )
  })
})

describe('curves and classes', () => {
  const truth = Float64Array.of(1, 0, 1, 0, 0, 1, 0, 0, 0, 0)
  const predicted = Float64Array.of(0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.3, 0.2, 0.1, 0.05)

  it('average precision by hand', () => {
    close(metricCatalog.pr_auc.compute({ truth, predicted }), (1 / 1 + 2 / 3 + 3 / 6) / 3)
  })

  it('average precision of equal scores is the share of positives', () => {
    close(metricCatalog.pr_auc.compute({ truth, predicted: new Float64Array(10).fill(0.3) }), 0.3)
  })

  it('F1 of each class by hand', () => {
    // Said to be positive: 5, of which 2 are; of 3 positives one is missed.
    close(metricCatalog.f1.compute({ truth, predicted }), 4 / 8)
    close(metricCatalog.f1_negative.compute({ truth, predicted }), 8 / 12)
  })

  it('lift of the best tenth; ties in proportion', () => {
    close(metricCatalog.lift_10.compute({ truth, predicted }), 1 / 0.3)
    close(metricCatalog.lift_10.compute({ truth, predicted: new Float64Array(10).fill(0.5) }), 1)
  })

  it('calibration error: 0 for shares that come true, the gap where they do not', () => {
    const half = new Float64Array(10).fill(0.3)
    close(metricCatalog.calibration_error.compute({ truth, predicted: half }), 0)
    const sure = new Float64Array(10).fill(0.9)
    close(metricCatalog.calibration_error.compute({ truth, predicted: sure }), 0.6)
  })

  it('a row of weight 2 is two rows, in every metric', () => {
    const random = createRandom(11)
    const values = Float64Array.from({ length: 60 }, () => random.int(12) / 12)
    const weights = Float64Array.from(values, () => random.int(3))
    const repeated = Array.from(values.keys()).flatMap((row) =>
      Array.from({ length: weights[row]! }, () => row),
    )
    for (const metric of Object.values(metricCatalog)) {
      const labels = Float64Array.from(values, (value) => (random.uniform() < value ? 1 : 0))
      const whole = metric.compute({
        truth: Float64Array.from(repeated, (row) => labels[row]!),
        predicted: Float64Array.from(repeated, (row) => values[row]!),
      })
      const weighted = metric.compute({ truth: labels, predicted: values, weights })
      assert.ok(Math.abs(whole - weighted) < 1e-9, `${metric.name}: ${whole} and ${weighted}`)
    }
  })
})

describe('silhouette', () => {
  it('two far pairs by hand', () => {
    // Points 0, 1 and 10, 11: a = 1; b = mean distance to the other pair.
    const value = silhouette(Float64Array.of(0, 1, 10, 11), 1, Int32Array.of(0, 0, 1, 1), {
      seed: 1,
    })
    const outer = (10.5 - 1) / 10.5
    const inner = (9.5 - 1) / 9.5
    close(value, (2 * outer + 2 * inner) / 4)
  })

  it('equals scikit-learn 1.9.1, exact and on the same sample', () => {
    // r = np.arange(60); P = np.stack([(r*37 % 101)/101, (r*r*3 % 97)/97], 1); c = (r*37 % 101)*3 // 101
    // silhouette_score(P, c), and silhouette_score(P[i], c[i]) for the 40 rows i that the seed draws.
    const rows = Array.from({ length: 60 }, (_, r) => r)
    const points = Float64Array.from(
      rows.flatMap((r) => [((r * 37) % 101) / 101, ((r * r * 3) % 97) / 97]),
    )
    const clusters = Int32Array.from(rows, (r) => Math.floor((((r * 37) % 101) * 3) / 101))
    close(silhouette(points, 2, clusters, { seed: 5 }), 0.2017423415658645)
    close(silhouette(points, 2, clusters, { seed: 5, maxRows: 40 }), 0.17681009723683547)
  })

  it('a million rows are sampled, not spread', () => {
    const clusters = Int32Array.from({ length: 1_000_000 }, (_, row) => row % 2)
    const points = Float64Array.from(clusters)
    close(silhouette(points, 1, clusters, { seed: 1, maxRows: 100 }), 1)
  })

  it('one cluster has none; a row alone counts 0', () => {
    assert.ok(Number.isNaN(silhouette(Float64Array.of(0, 1), 1, Int32Array.of(0, 0), { seed: 1 })))
    close(silhouette(Float64Array.of(0, 9), 1, Int32Array.of(0, 1), { seed: 1 }), 0)
  })

  it('a sample is near the whole and the same for the same seed', () => {
    const random = createRandom(3)
    const clusters = Int32Array.from({ length: 3_000 }, (_, row) => row % 3)
    const points = Float64Array.from(clusters, (cluster) => cluster * 4 + random.gaussian())
    const whole = silhouette(points, 1, clusters, { seed: 5, maxRows: 3_000 })
    const some = silhouette(points, 1, clusters, { seed: 5, maxRows: 1_000 })
    assert.ok(Math.abs(whole - some) < 0.03, `${some} against ${whole}`)
    assert.equal(some, silhouette(points, 1, clusters, { seed: 5, maxRows: 1_000 }))
  })
})
