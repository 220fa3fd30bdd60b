/**
 * Catalogue entries by REST: each change is an event of the catalogue's topic, checked by its schema as any other, so that it
 * is in the log, in the lake, and in every list from then on.
 */
import { quote, type Cell, type ColumnType } from '../core/index.ts'
import type { Recommendations } from '../serving/index.ts'
import type { AppDefinition, RouteContext } from './define-app.ts'
import { appError } from './errors.ts'
import { contractOf } from './start/open-tables.ts'

export interface WrittenItem {
  readonly item: string
  readonly partition: number
  /** −1: it waits on this machine for a cluster that is away. */
  readonly offset: number
}

export interface ItemWriter {
  /**
   * The entry becomes these attributes. Throws CORE_INVALID_INPUT naming the field, APP_NO_CATALOG.
   * `model`: the recommender whose catalogue it is.
   */
  put(
    model: string,
    item: string,
    attributes: Readonly<Record<string, unknown>>,
  ): Promise<WrittenItem>
  /** As `put`, of what the entry has and these over it; null takes one away. */
  patch(
    model: string,
    item: string,
    attributes: Readonly<Record<string, unknown>>,
  ): Promise<WrittenItem>
  /** No list holds it any more; its events stay. The catalogue must have a column `hidden`. Throws APP_NO_CATALOG. */
  hide(model: string, item: string): Promise<WrittenItem>
}

interface Catalog {
  readonly topic: string
  readonly id: string
  /** By column. */
  readonly types: ReadonlyMap<string, ColumnType>
}

export function createItemWriter(
  app: AppDefinition,
  recommendations: Recommendations,
  context: Pick<RouteContext, 'publish'>,
): ItemWriter {
  const write = async (
    { topic, id, types }: Catalog,
    item: string,
    attributes: Readonly<Record<string, unknown>>,
  ): Promise<WrittenItem> => {
    const key = types.get(id) === 'integer' && /^\d{1,15}$/.test(item) ? Number(item) : item
    return { item, ...(await context.publish(topic, { ...attributes, [id]: key })) }
  }
  const changed = (
    model: string,
    item: string,
    { id, types }: Catalog,
    attributes: Readonly<Record<string, unknown>>,
  ): Record<string, unknown> => {
    const before = recommendations.item(model, item)?.attributes ?? {}
    const all = Object.entries(before).map(([name, cell]) => [name, valueOf(cell, types.get(name))])
    const merged = Object.entries({ ...Object.fromEntries(all), ...attributes })
    return Object.fromEntries(merged.filter(([name, value]) => name !== id && value !== null))
  }
  return {
    put: (model, item, attributes) => write(catalogOf(app, model), item, attributes),
    patch(model, item, attributes) {
      const catalog = catalogOf(app, model)
      return write(catalog, item, changed(model, item, catalog, attributes))
    },
    hide(model, item) {
      const catalog = catalogOf(app, model)
      if (catalog.types.get('hidden') !== 'boolean') {
        throw appError(
          'APP_NO_CATALOG',
          `items of ${model} cannot be hidden: add hidden: z.boolean().optional() to the schema of topic ${catalog.topic}`,
        )
      }
      return write(catalog, item, changed(model, item, catalog, { hidden: true }))
    },
  }
}

function catalogOf(app: AppDefinition, name: string): Catalog {
  const model = app.models?.[name]
  const catalog = model?.task === 'recommender' ? model.catalog : undefined
  const topic = catalog && app.topics[catalog.from]
  if (model?.task !== 'recommender' || !catalog || !topic) {
    throw appError(
      'APP_NO_CATALOG',
      `the recommender ${quote(name)} has no catalogue: declare catalog: { from: '<topic>' }`,
    )
  }
  const { columns } = contractOf(catalog.from, topic)
  const types = new Map(columns.map((column) => [column.name, column.type]))
  return { topic: catalog.from, id: catalog.id ?? model.item, types }
}

/** As it was sent: a column of type json holds its text. */
const valueOf = (cell: Cell, type: ColumnType | undefined): unknown =>
  typeof cell === 'bigint'
    ? String(cell)
    : type === 'json' && typeof cell === 'string'
      ? (JSON.parse(cell) as unknown)
      : type === 'timestamp' && typeof cell === 'number'
        ? new Date(cell).toISOString()
        : cell
