/** The declared recommenders: for each its histories and catalogue, and what answers from them. */
import type { FeatureTable } from '../../features/index.ts'
import { openInteractionStore, type InteractionStoreSpec } from '../../features/index.ts'
import {
  openRecommendations,
  type ListAnswer,
  type Recommendations,
  type RecommenderSetting,
} from '../../serving/index.ts'
import type { ModelSpec } from '../../training/index.ts'
import type { AppDefinition, RecommenderDefinition } from '../define-app.ts'
import type { Stores } from './open-stores.ts'
import { featureTableOf } from './open-tables.ts'
import type { Setting } from './setting.ts'

const CHAIN = ['trending', 'popular', 'newest'] as const

export interface OpenRecommendersOptions {
  readonly specs: ReadonlyMap<string, ModelSpec>
  readonly waiting: (model: string) => string | undefined
  readonly onList?: (answer: ListAnswer, user: string | null) => void
}

export async function openRecommenders(
  setting: Setting,
  stores: Stores,
  options: OpenRecommendersOptions,
): Promise<Recommendations> {
  const { app, clock, logger, metrics, closers } = setting
  const { log, lake, registry } = stores
  const models = new Map<string, RecommenderSetting>()
  for (const [name, definition] of recommendersOf(app)) {
    const spec = options.specs.get(name)
    if (!spec?.interactions) continue
    const storeSpec: InteractionStoreSpec = {
      name,
      table: tableOf(stores, spec.table),
      ...spec.interactions,
      ...catalogOf(stores, definition),
    }
    const store = await openInteractionStore(storeSpec, { log, lake, clock, logger })
    closers.add(`histories of ${name}`, () => store.close())
    const { combine } = spec.interactions
    const scenarios = new Map(Object.entries(definition.scenarios ?? {}))
    models.set(name, { store, combine, coldStart: definition.coldStart ?? CHAIN, scenarios })
  }
  const recommendations = await openRecommendations({
    registry,
    models,
    clock,
    logger,
    metrics,
    waiting: options.waiting,
    ...(options.onList && { onList: options.onList }),
  })
  closers.add('recommendations', () => recommendations.close())
  return recommendations
}

function recommendersOf(app: AppDefinition): [string, RecommenderDefinition][] {
  return Object.entries(app.models ?? {}).flatMap(
    ([name, model]): [string, RecommenderDefinition][] =>
      model.task === 'recommender' ? [[name, model]] : [],
  )
}

function catalogOf(
  stores: Stores,
  { catalog, item }: RecommenderDefinition,
): Pick<InteractionStoreSpec, 'catalog'> {
  if (!catalog) return {}
  return { catalog: { table: tableOf(stores, catalog.from), id: catalog.id ?? item } }
}

function tableOf({ tables }: Stores, name: string): FeatureTable {
  const definition = tables.find(({ table }) => table === name)
  if (!definition) throw new TypeError(`table ${name} was checked before`)
  return featureTableOf(definition)
}
