/**
 * A made-up data set in whole-number arithmetic, and what scikit-learn 1.9.1 makes of it. To get the figures again:
 *
 *   r = np.arange(60)
 *   X = np.stack([(r*37 % 101)/10, (r*r*3 % 97)/7 - 5, (r*53 % 89)*2.0], 1); Z = StandardScaler().fit_transform(X)
 *   y = 0.8*X[:,0] - 0.5*X[:,1] + 0.01*X[:,2] + ((r*71 % 103) - 51)/51; w = 1 + r % 3
 *   LogisticRegression(C=1/λ, tol=1e-10, max_iter=10000).fit(Z, y > 4.5, sample_weight=w); Ridge(alpha=λ).fit(Z, y, w)
 *   one-hot: LogisticRegression(C=1, tol=1e-12, max_iter=100000).fit(np.hstack([Z, np.eye(4)[r % 4]]), y > 4.5)
 *   L1: LogisticRegression(C=1/λ, l1_ratio=α, solver='saga', tol=1e-12, max_iter=1000000).fit(Z, y > 4.5, sample_weight=w)
 *   LogisticRegression(C=1, tol=1e-12, max_iter=100000, class_weight='balanced' or {0: 1, 1: 3}).fit(Z, y > 4.5)
 *   ElasticNet(alpha=λ/sum(w), l1_ratio=α, tol=1e-14, max_iter=1000000).fit(Z, y, sample_weight=w)
 *   KMeans(k, init=Z[:k], n_init=1, algorithm='lloyd', tol=0, max_iter=300).fit(Z, sample_weight=w)
 */
import type { Dataset } from './model.ts'

export function referenceData(weighted: boolean): Dataset {
  const rows = 60
  const values = new Float64Array(rows * 3)
  const label = new Float64Array(rows)
  for (let r = 0; r < rows; r++) {
    const x = [((r * 37) % 101) / 10, ((r * r * 3) % 97) / 7 - 5, ((r * 53) % 89) * 2] as const
    values.set(x, r * 3)
    label[r] = 0.8 * x[0] - 0.5 * x[1] + 0.01 * x[2] + (((r * 71) % 103) - 51) / 51
  }
  const weight = Float64Array.from({ length: rows }, (_, r) => 1 + (r % 3))
  return {
    matrix: { names: ['x0', 'x1', 'x2'], rows, values },
    categories: [],
    label,
    ...(weighted ? { weight } : {}),
  }
}

export const REFERENCE = {
  logistic: [
    {
      regularization: 1,
      weighted: false,
      intercept: -0.5298604447025963,
      coefficients: [2.150194907617083, -1.9498000739168817, 0.48214359660056955],
    },
    {
      regularization: 1,
      weighted: true,
      intercept: -0.7218090838991046,
      coefficients: [2.6972743061967437, -2.4411785099888204, 0.7293846966335275],
    },
    {
      regularization: 0.1,
      weighted: false,
      intercept: -1.0142025055739354,
      coefficients: [5.006697345037812, -4.745799060010182, 1.0617719711527667],
    },
    {
      regularization: 0.1,
      weighted: true,
      intercept: -1.3039972167401446,
      coefficients: [6.3553347420539925, -5.991930737051768, 1.4909857574616496],
    },
  ],
  logisticOneHot: {
    intercept: -0.5133450310714781,
    coefficients: [2.1519405503367293, -1.9715688721988995, 0.47244652386638586],
    levels: [-0.03805960823160034, 0.3584983723732222, -0.20122061382815024, -0.11921870372540454],
  },
  logisticL1: [
    {
      regularization: 1,
      l1Share: 1,
      weighted: false,
      intercept: -0.7104183514437965,
      coefficients: [3.2079865862142385, -2.9804981310821117, 0.5673498460266898],
    },
    {
      regularization: 1,
      l1Share: 0.5,
      weighted: true,
      intercept: -0.7927088001096809,
      coefficients: [3.113924829347729, -2.8454901745912347, 0.792795443943506],
    },
    {
      regularization: 5,
      l1Share: 1,
      weighted: false,
      intercept: -0.3098719028170949,
      coefficients: [1.1472873982581484, -0.9031827643658263, 0],
    },
    {
      regularization: 5,
      l1Share: 1,
      weighted: true,
      intercept: -0.485381949723987,
      coefficients: [1.754632173928552, -1.4948154521571984, 0.29167923791881367],
    },
    {
      regularization: 5,
      l1Share: 0.5,
      weighted: false,
      intercept: -0.3125514445205007,
      coefficients: [1.1203778888081668, -0.9220427310606385, 0.0950257856322544],
    },
  ],
  /** λ = 1, α = 0.5. */
  logisticL1OneHot: {
    intercept: -0.6224042590788417,
    coefficients: [2.4198196286897895, -2.215181773069799, 0.48214310280281064],
    levels: [0, 0.24236509870388537, 0, 0],
  },
  classWeights: [
    {
      positiveWeight: 'balanced',
      l1Share: 0,
      intercept: -0.3762446048861373,
      coefficients: [2.1505270491587747, -1.9538347383597932, 0.4880414891010762],
    },
    {
      positiveWeight: 3,
      l1Share: 0,
      intercept: 0.229936704034679,
      coefficients: [2.5910287452372813, -2.4061384860698927, 0.6189595599731813],
    },
    {
      positiveWeight: 'balanced',
      l1Share: 1,
      intercept: -0.5568362561810705,
      coefficients: [3.209176358356686, -2.98503292400605, 0.5790782867559363],
    },
  ],
  elasticNet: [
    {
      regularization: 1,
      l1Share: 1,
      weighted: false,
      intercept: 3.9657385620915027,
      coefficients: [2.296919407384754, -2.1987179092641065, 0.5185176202812427],
    },
    {
      regularization: 1,
      l1Share: 0.5,
      weighted: true,
      intercept: 4.020248481515119,
      coefficients: [2.270356793039271, -2.247529367251689, 0.536899186373929],
    },
    {
      regularization: 30,
      l1Share: 1,
      weighted: false,
      intercept: 3.9657385620915027,
      coefficients: [1.7836238073978816, -1.6637296996265307, 0.028859371467396387],
    },
    {
      regularization: 30,
      l1Share: 0.5,
      weighted: true,
      intercept: 3.9843469514825087,
      coefficients: [1.9168849389857117, -1.9141600515605421, 0.3822556057783333],
    },
  ],
  /** λ = 5, α = 0.5. */
  elasticNetOneHot: {
    intercept: 3.966571004996553,
    coefficients: [2.1732431661056197, -2.0766866541892623, 0.47243456302414105],
    levels: [-0.003329771620201266, 0, 0, 0],
  },
  ridge: [
    {
      regularization: 1,
      weighted: false,
      intercept: 3.9657385620915027,
      coefficients: [2.2740144706897643, -2.1776511709680335, 0.5262140431443085],
    },
    {
      regularization: 1,
      weighted: true,
      intercept: 4.019603541585352,
      coefficients: [2.265014119954051, -2.2425125152405294, 0.5390404714936832],
    },
    {
      regularization: 0.1,
      weighted: false,
      intercept: 3.9657385620915027,
      coefficients: [2.310493566646208, -2.2131499899874485, 0.5344690977088378],
    },
    {
      regularization: 0.1,
      weighted: true,
      intercept: 4.021430336666081,
      coefficients: [2.2821585377240807, -2.258591325905549, 0.5424657019677606],
    },
  ],
  kmeans: [
    { k: 3, weighted: false, inertia: 106.14790103142809, size: [23, 19, 18] },
    { k: 5, weighted: false, inertia: 72.01877600925226, size: [20, 15, 10, 8, 7] },
    { k: 3, weighted: true, inertia: 195.00856360104916, size: [25, 20, 15] },
    { k: 5, weighted: true, inertia: 108.51951082432699, size: [18, 12, 11, 11, 8] },
  ],
} as const

/** Area under the ROC curve: the share of (1, 0) pairs in the right order, ties half (Mann and Whitney). */
export function areaUnderCurve(score: Float64Array, label: Float64Array): number {
  const order = [...score.keys()].toSorted((a, b) => score[a]! - score[b]!)
  let ranks = 0
  let ones = 0
  for (let i = 0; i < order.length;) {
    let j = i
    while (j < order.length && score[order[j]!] === score[order[i]!]) j += 1
    for (const r of order.slice(i, j)) {
      if (label[r] !== 1) continue
      ones += 1
      ranks += (i + j + 1) / 2
    }
    i = j
  }
  return (ranks - (ones * (ones + 1)) / 2) / (ones * (label.length - ones))
}
