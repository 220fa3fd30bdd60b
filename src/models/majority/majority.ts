/** The baseline of every classifier: the share of label 1 in training, whatever is asked. */
import { z } from 'zod'
import { checkArtifact, readFacts } from '../artifact-reader.ts'
import { createConstantExplainer } from '../constant-explainer.ts'
import { checkDataset, checkMatrix, rowWeights } from '../dataset.ts'
import { logOdds } from '../log-odds.ts'
import type { FittedClassifier, ModelKind } from '../model.ts'
import { collectUnknowns } from '../unknowns.ts'
import { weightedMean } from '../weighted-mean.ts'

const FORMAT = 1
const params = z.strictObject({})
const facts = z.strictObject({ share: z.number().min(0).max(1) })

export const majority: ModelKind<'classifier', z.infer<typeof params>> = {
  name: 'majority',
  task: 'classifier',
  summary: 'Baseline: always the share of label 1.',
  uses: { features: false, categories: false },
  params,
  baseline: 'majority',
  searchSpace: {},
  memoryBytes: (rows) => rows * 8,
  async fit(data, _params, context) {
    checkDataset(data, 'class')
    context.signal?.throwIfAborted()
    return classifier(weightedMean(data.label!, rowWeights(data)))
  },
  load(artifact) {
    checkArtifact(artifact, majority, FORMAT)
    return classifier(readFacts(artifact, facts).share)
  },
}

function classifier(share: number): FittedClassifier {
  return {
    kind: majority.name,
    task: majority.task,
    predictProba({ matrix }) {
      checkMatrix(matrix)
      return {
        probability: new Float64Array(matrix.rows).fill(share),
        unknown: collectUnknowns(matrix.rows).rows,
      }
    },
    explain: createConstantExplainer(logOdds(share)),
    save: () => ({
      kind: majority.name,
      task: majority.task,
      format: FORMAT,
      params: {},
      facts: { share },
      tensors: {},
    }),
  }
}
