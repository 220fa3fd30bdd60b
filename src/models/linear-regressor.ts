/** What ridge, bias and elastic-net are once they are fitted: regressors whose value is the linear score itself. */
import {
  createLinearExplainer,
  createLinearScorer,
  writeLinear,
  type LinearModel,
} from './linear-model.ts'
import type { Artifact, FittedRegressor } from './model.ts'

/** @param made kind, format and parameters, as its artifact says them */
export function linearRegressor(
  model: LinearModel,
  made: Pick<Artifact, 'kind' | 'format' | 'params'>,
): FittedRegressor {
  const scorer = createLinearScorer(model)
  return {
    kind: made.kind,
    task: 'regressor',
    predict(input) {
      const { score, unknown } = scorer(input)
      return { value: score, unknown }
    },
    explain: createLinearExplainer(model),
    save: () => ({ ...made, task: 'regressor', ...writeLinear(model) }),
  }
}
