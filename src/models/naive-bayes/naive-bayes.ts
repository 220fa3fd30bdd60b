/**
 * Naive Bayes: the probability of label 1 when every input speaks for itself, numbers as bell curves within each class,
 * categories by how often each level occurs there. Use it for little data and many inputs, or as a quick second opinion; its
 * order is often good, its probabilities are too sure. See README.md for the equation.
 */
import { z } from 'zod'
import { withCalibration, type ScoringClassifier } from '../calibration/calibrated-kind.ts'
import { checkArtifact, readFacts, readTensor } from '../artifact-reader.ts'
import { indexLevels, levelFacts, toldLevels } from '../category-levels.ts'
import { withClassWeight } from '../class-weight.ts'
import { categoryValues, checkMatrix } from '../dataset.ts'
import { sigmoid } from '../log-odds.ts'
import type { Artifact, Explanation, PredictInput, Unknown } from '../model.ts'
import { standardize } from '../standardizer.ts'
import { collectUnknowns } from '../unknowns.ts'
import { fitNaiveBayes, type NaiveBayesModel } from './naive-bayes-solver.ts'

const IDENTITY = { name: 'naive-bayes', task: 'classifier' } as const
const FORMAT = 1

const params = z.strictObject({
  smoothing: z.number().min(1e-6).max(1e6).default(1).meta({
    description: 'α, rows that every level of a category is taken to have more of in each class.',
    unit: 'rows',
  }),
  varianceSmoothing: z.number().min(1e-12).max(1).default(1e-9).meta({
    description: 'ε, added to the variance of every feature within each class.',
    unit: 'variance of the feature',
  }),
})
export type NaiveBayesParams = z.infer<typeof params>

export const naiveBayes = withCalibration(
  withClassWeight({
    ...IDENTITY,
    summary: 'Naive Bayes: bell curves for features, frequencies for categories.',
    uses: { features: true, categories: true },
    params,
    baseline: 'majority',
    searchSpace: { smoothing: [0.1, 1, 10], varianceSmoothing: [1e-9, 1e-6, 1e-3, 0.1] },
    // The standardized copy and weights; sums per feature and level.
    memoryBytes: (rows, features, levels) =>
      rows * (features + 1) * 8 + features * 64 + levels * 150,
    async fit(data, chosen, context) {
      return classifier(await fitNaiveBayes(data, chosen, context), chosen)
    },
    load(artifact) {
      checkArtifact(artifact, IDENTITY, FORMAT)
      return classifier(read(artifact), artifact.params)
    },
  }),
)

function classifier(model: NaiveBayesModel, chosen: Artifact['params']): ScoringClassifier {
  const explainRows = createExplainer(model)
  return {
    kind: IDENTITY.name,
    task: IDENTITY.task,
    predictProba(input) {
      const { score, unknown } = explainRows(input)
      return { probability: score.map(sigmoid), unknown }
    },
    score: explainRows,
    explain(input) {
      const { names, base, contributions, score } = explainRows(input)
      return { names, base, contributions, score }
    },
    save: () => write(model, chosen),
  }
}

/** The answer is the sum of its parts, so explaining and predicting are one. */
function createExplainer(model: NaiveBayesModel) {
  const { standardizer, prior, means, variances, categories } = model
  const features = standardizer.names.length
  const names = [...standardizer.names, ...categories.map(({ name }) => name)]
  const codes = categories.map(indexLevels)
  const logBell = (z: number, at: number): number =>
    -0.5 * (Math.log(variances[at]!) + (z - means[at]!) ** 2 / variances[at]!)
  return (input: PredictInput): Explanation & { readonly unknown: Unknown } => {
    checkMatrix(input.matrix)
    const { rows } = input.matrix
    const width = names.length
    const unknowns = collectUnknowns(rows)
    const contributions = new Float64Array(rows * width)
    const score = new Float64Array(rows).fill(prior)
    const values = new Float64Array(rows * features)
    const missing = new Set<number>()
    standardize(standardizer, input.matrix, values, (row, name) => {
      unknowns.add(row, name)
      missing.add(row * features + standardizer.names.indexOf(name))
    })
    const texts = categories.map(({ name }) => categoryValues(input, name))
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < features; j++) {
        if (variances[j] === 0 || missing.has(r * features + j)) continue
        const z = values[r * features + j]!
        contributions[r * width + j] = logBell(z, features + j) - logBell(z, j)
      }
      categories.forEach(({ name, odds }, c) => {
        const text = texts[c]![r] ?? null
        const code = text === null ? undefined : codes[c]!.get(text)
        if (code === undefined) unknowns.add(r, name)
        else contributions[r * width + features + c] = odds[code]!
      })
      for (let j = 0; j < width; j++) score[r] = score[r]! + contributions[r * width + j]!
    }
    return { names, base: prior, contributions, score, unknown: unknowns.rows }
  }
}

const facts = z.strictObject({
  features: z.array(z.string()),
  prior: z.number(),
  categories: z.array(levelFacts),
})

function write(model: NaiveBayesModel, chosen: Artifact['params']): Artifact {
  const { standardizer, prior, means, variances, categories } = model
  const { names, mean, deviation } = standardizer
  const size = names.length
  const levels = categories.map(({ name, odds }) => [
    `odds/${name}`,
    { shape: [odds.length], data: odds },
  ])
  return {
    kind: IDENTITY.name,
    task: IDENTITY.task,
    format: FORMAT,
    params: chosen,
    facts: {
      features: names,
      prior,
      categories: categories.map(toldLevels),
    },
    tensors: {
      mean: { shape: [size], data: mean },
      deviation: { shape: [size], data: deviation },
      means: { shape: [2, size], data: means },
      variances: { shape: [2, size], data: variances },
      ...Object.fromEntries(levels),
    },
  }
}

/** Throws MODEL_ARTIFACT_INVALID. */
function read(artifact: Artifact): NaiveBayesModel {
  const { features, prior, categories } = readFacts(artifact, facts)
  const size = features.length
  return {
    standardizer: {
      names: features,
      mean: readTensor(artifact, 'mean', Float64Array, [size]),
      deviation: readTensor(artifact, 'deviation', Float64Array, [size]),
    },
    prior,
    means: readTensor(artifact, 'means', Float64Array, [2, size]),
    variances: readTensor(artifact, 'variances', Float64Array, [2, size]),
    categories: categories.map((kept) => ({
      ...kept,
      odds: readTensor(artifact, `odds/${kept.name}`, Float64Array, [kept.levels.length]),
    })),
  }
}
