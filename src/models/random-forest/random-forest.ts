/**
 * Random forests, as a classifier and as a regressor: the mean of many deep trees, each from rows and inputs drawn at random.
 * Use them when there is no time to tune anything; boosted trees are usually a little better once tuned.
 */
import { checkArtifact } from '../artifact-reader.ts'
import { withCalibration, type ScoringClassifier } from '../calibration/calibrated-kind.ts'
import { withClassWeight } from '../class-weight.ts'
import { checkBothClasses } from '../dataset.ts'
import { logOdds } from '../log-odds.ts'
import type { Artifact, FittedRegressor, ModelKind } from '../model.ts'
import { stretchExplanation } from '../stretch-explanation.ts'
import { treeBytes } from '../trees/open-histograms.ts'
import { checkTreeData } from '../trees/tree-columns.ts'
import { readEnsemble, writeEnsemble } from '../trees/tree-artifact.ts'
import type { TreeEnsemble } from '../trees/tree-ensemble.ts'
import { createTreeScorer } from '../trees/tree-model.ts'
import { randomForestParams, type RandomForestParams } from './random-forest-params.ts'
import { fitRandomForest } from './random-forest-solver.ts'

const IDENTITY = { name: 'random-forest', task: 'classifier' } as const
const FORMAT = 1

type Chosen = Readonly<Record<string, unknown>>

const shared = {
  uses: { features: true, categories: true },
  params: randomForestParams,
  searchSpace: {
    maxLeaves: [128, 512, 2_048],
    minLeafRows: [1, 5, 20],
    columnShare: [0, 0.3, 0.6, 1],
  },
  memoryBytes: (
    rows: number,
    features: number,
    levels: number,
    { maxLeaves }: RandomForestParams,
  ) => treeBytes(rows, features, levels, maxLeaves),
}

export const randomForest = withCalibration(
  withClassWeight({
    ...shared,
    ...IDENTITY,
    summary: 'Random forest on histograms: the probability of label 1.',
    baseline: 'majority',
    async fit(data, chosen, context) {
      checkTreeData(data, 'class')
      checkBothClasses(data.label!)
      return classifier(await fitRandomForest(data, chosen, Math.sqrt, context), chosen)
    },
    load(artifact) {
      checkArtifact(artifact, IDENTITY, FORMAT)
      return classifier(readEnsemble(artifact), artifact.params)
    },
  }),
)

export const randomForestRegressor: ModelKind<'regressor', RandomForestParams> = {
  ...shared,
  name: 'random-forest-regressor',
  task: 'regressor',
  summary: 'Random forest on histograms: a number.',
  baseline: 'mean',
  async fit(data, chosen, context) {
    checkTreeData(data, 'value')
    return regressor(await fitRandomForest(data, chosen, (n) => n / 3, context), chosen)
  },
  load(artifact) {
    checkArtifact(artifact, randomForestRegressor, FORMAT)
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
      return { probability: score.map((p) => Math.min(1, Math.max(0, p))), unknown }
    },
    score(input) {
      const { score, unknown } = scorer.score(input)
      return { score: score.map(logOdds), unknown }
    },
    explain: (input) => stretchExplanation(scorer.explain(input), logOdds),
    importance: scorer.importance,
    save: () => artifactOf(IDENTITY, ensemble, chosen),
  }
}

function regressor(ensemble: TreeEnsemble, chosen: Chosen): FittedRegressor {
  const scorer = createTreeScorer(ensemble)
  return {
    kind: randomForestRegressor.name,
    task: 'regressor',
    predict(input) {
      const { score, unknown } = scorer.score(input)
      return { value: score, unknown }
    },
    explain: scorer.explain,
    importance: scorer.importance,
    save: () => artifactOf(randomForestRegressor, ensemble, chosen),
  }
}

const artifactOf = (
  { name, task }: Pick<ModelKind, 'name' | 'task'>,
  ensemble: TreeEnsemble,
  params: Chosen,
): Artifact => ({ kind: name, task, format: FORMAT, params, ...writeEnsemble(ensemble) })
