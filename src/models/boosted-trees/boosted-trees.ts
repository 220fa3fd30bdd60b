/**
 * Boosted trees on histograms, as a classifier and as a regressor: many small trees, each correcting the sum of those before.
 * Use them when inputs act together or in steps, and there are a few hundred rows or more. See README.md for the equations.
 */
import { checkArtifact } from '../artifact-reader.ts'
import { withCalibration, type ScoringClassifier } from '../calibration/calibrated-kind.ts'
import { withClassWeight } from '../class-weight.ts'
import { checkBothClasses } from '../dataset.ts'
import { sigmoid } from '../log-odds.ts'
import type { Artifact, FittedRegressor, ModelKind } from '../model.ts'
import { treeBytes } from '../trees/open-histograms.ts'
import { checkTreeData } from '../trees/tree-columns.ts'
import { readEnsemble, writeEnsemble } from '../trees/tree-artifact.ts'
import type { TreeEnsemble } from '../trees/tree-ensemble.ts'
import { createTreeScorer } from '../trees/tree-model.ts'
import { logLoss, squaredLoss } from './boosted-trees-loss.ts'
import { boostedTreesParams, type BoostedTreesParams } from './boosted-trees-params.ts'
import { fitBoostedTrees } from './boosted-trees-solver.ts'

const IDENTITY = { name: 'boosted-trees', task: 'classifier' } as const
const FORMAT = 1

type Chosen = Readonly<Record<string, unknown>>

const shared = {
  uses: { features: true, categories: true },
  params: boostedTreesParams,
  searchSpace: {
    trees: [100, 300, 1_000],
    learningRate: [0.03, 0.1, 0.2],
    maxLeaves: [7, 15, 31, 63],
    minLeafRows: [5, 20, 100],
    regularization: [0.1, 1, 10],
  },
  memoryBytes: (
    rows: number,
    features: number,
    levels: number,
    { maxLeaves }: BoostedTreesParams,
  ) => treeBytes(rows, features, levels, maxLeaves),
}

export const boostedTrees = withCalibration(
  withClassWeight({
    ...shared,
    ...IDENTITY,
    summary: 'Gradient-boosted trees on histograms: the probability of label 1.',
    baseline: 'majority',
    async fit(data, chosen, context) {
      checkTreeData(data, 'class')
      checkBothClasses(data.label!)
      return classifier(await fitBoostedTrees(data, chosen, logLoss, context), chosen)
    },
    load(artifact) {
      checkArtifact(artifact, IDENTITY, FORMAT)
      return classifier(readEnsemble(artifact), artifact.params)
    },
  }),
)

export const boostedTreesRegressor: ModelKind<'regressor', BoostedTreesParams> = {
  ...shared,
  name: 'boosted-trees-regressor',
  task: 'regressor',
  summary: 'Gradient-boosted trees on histograms: a number.',
  baseline: 'mean',
  async fit(data, chosen, context) {
    checkTreeData(data, 'value')
    return regressor(await fitBoostedTrees(data, chosen, squaredLoss, context), chosen)
  },
  load(artifact) {
    checkArtifact(artifact, boostedTreesRegressor, FORMAT)
    return regressor(readEnsemble(artifact), artifact.params)
  },
}

function classifier(ensemble: TreeEnsemble, chosen: Chosen): ScoringClassifier {
  const scorer = createTreeScorer(ensemble)
  return {
    kind: IDENTITY.name,
    task: 'classifier',
    predictProba(input) {
      const { score, unknown } = scorer.score(input)
      return { probability: score.map(sigmoid), unknown }
    },
    score: scorer.score,
    explain: scorer.explain,
    importance: scorer.importance,
    save: () => artifactOf(IDENTITY, ensemble, chosen),
  }
}

function regressor(ensemble: TreeEnsemble, chosen: Chosen): FittedRegressor {
  const scorer = createTreeScorer(ensemble)
  return {
    kind: boostedTreesRegressor.name,
    task: 'regressor',
    predict(input) {
      const { score, unknown } = scorer.score(input)
      return { value: score, unknown }
    },
    explain: scorer.explain,
    importance: scorer.importance,
    save: () => artifactOf(boostedTreesRegressor, ensemble, chosen),
  }
}

const artifactOf = (
  { name, task }: Pick<ModelKind, 'name' | 'task'>,
  ensemble: TreeEnsemble,
  params: Chosen,
): Artifact => ({ kind: name, task, format: FORMAT, params, ...writeEnsemble(ensemble) })
