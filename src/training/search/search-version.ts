/** What every task's search for parameters shares: the declared settings in, what the registry keeps of it out. */
import { systemClock } from '../../core/index.ts'
import type { VersionSearch } from '../../registry/index.ts'
import { metricDirection } from '../evaluation/catalog.ts'
import type { JobTools } from '../labelled-job.ts'
import type { ModelSpec } from '../model-spec.ts'
import type { TrainingPlan } from '../plan.ts'
import type { Params } from './combinations.ts'
import { searchParams, type SearchOptions } from './search.ts'

/** What a task knows of its validation split. */
export interface Validation extends Pick<SearchOptions, 'score' | 'fits' | 'leastShare'> {
  readonly rows: number
}

/** Undefined when nothing is to be searched for. The metric of the gate decides here too. */
export async function searchVersion(
  spec: ModelSpec,
  tools: Pick<JobTools, 'signal'>,
  kind: { readonly searchSpace: SearchOptions['space'] },
  { rows, ...validation }: Validation,
): Promise<VersionSearch | undefined> {
  if (spec.search === undefined) return undefined
  const { method, budgetMs, trials, values } = spec.search
  const found = await searchParams({
    ...validation,
    method,
    params: spec.params,
    space: values ?? kind.searchSpace,
    budgetMs,
    trials,
    direction: metricDirection(spec.gate.metric),
    seed: spec.seed,
    clock: systemClock,
    signal: tools.signal,
  })
  return {
    method,
    metric: spec.gate.metric,
    better: metricDirection(spec.gate.metric) > 0 ? 'higher' : 'lower',
    rows,
    seconds: found.seconds,
    ended: found.ended,
    chosen: found.trials.indexOf(found.best),
    trials: found.trials,
  }
}

/** The plan with the parameters that were found. */
export const withFound = (plan: TrainingPlan, search: VersionSearch | undefined): TrainingPlan =>
  search === undefined ? plan : { ...plan, spec: { ...plan.spec, params: foundParams(search) } }

export const foundParams = ({ trials, chosen }: VersionSearch): Params =>
  trials[chosen]?.params ?? {}

/** A declared search that had no rows is told: the declared parameters were used. */
export const searchWarnings = (spec: ModelSpec, search: VersionSearch | undefined): string[] =>
  spec.search === undefined || search !== undefined
    ? []
    : [
        'the search for parameters had no rows to judge by, and the declared ones were used: send more events',
      ]
