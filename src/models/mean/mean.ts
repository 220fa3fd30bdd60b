/** The baseline of every regressor: the mean label of training, whatever is asked. */
import { z } from 'zod'
import { checkArtifact, readFacts } from '../artifact-reader.ts'
import { createConstantExplainer } from '../constant-explainer.ts'
import { checkDataset, checkMatrix, rowWeights } from '../dataset.ts'
import type { FittedRegressor, ModelKind } from '../model.ts'
import { collectUnknowns } from '../unknowns.ts'
import { weightedMean } from '../weighted-mean.ts'

const FORMAT = 1
const params = z.strictObject({})
const facts = z.strictObject({ mean: z.number() })

export const mean: ModelKind<'regressor', z.infer<typeof params>> = {
  name: 'mean',
  task: 'regressor',
  summary: 'Baseline: always the mean label.',
  uses: { features: false, categories: false },
  params,
  baseline: 'mean',
  searchSpace: {},
  memoryBytes: (rows) => rows * 8,
  async fit(data, _params, context) {
    checkDataset(data, 'value')
    context.signal?.throwIfAborted()
    return regressor(weightedMean(data.label!, rowWeights(data)))
  },
  load(artifact) {
    checkArtifact(artifact, mean, FORMAT)
    return regressor(readFacts(artifact, facts).mean)
  },
}

function regressor(value: number): FittedRegressor {
  return {
    kind: mean.name,
    task: mean.task,
    predict({ matrix }) {
      checkMatrix(matrix)
      return {
        value: new Float64Array(matrix.rows).fill(value),
        unknown: collectUnknowns(matrix.rows).rows,
      }
    },
    explain: createConstantExplainer(value),
    save: () => ({
      kind: mean.name,
      task: mean.task,
      format: FORMAT,
      params: {},
      facts: { mean: value },
      tensors: {},
    }),
  }
}
