/** Which tables an app has, and which one a model means. */
import type { AppDefinition, ModelDefinition } from '../define-app.ts'

/** Topics that have a table. */
export function tablesOf(app: AppDefinition): string[] {
  return Object.entries(app.topics)
    .filter(([, topic]) => topic.table !== false)
    .map(([name]) => name)
}

/** The table of a model that names none: the app's only one, or the one that its feature views read. */
export function onlyTable(app: AppDefinition, model: ModelDefinition): string | undefined {
  const tables = tablesOf(app)
  if (tables.length <= 1) return tables[0]
  if (model.task === 'recommender') return undefined
  const views = [...(model.features ?? []), ...(model.task === 'clusterer' ? [model.entity] : [])]
  const read = new Set(
    views.flatMap((view) => {
      const declared = app.features?.[view] ?? ''
      const text = typeof declared === 'string' ? declared : declared.sql
      const from = /\bfrom\s+"?([A-Za-z0-9_-]+)"?/i.exec(text)?.[1]
      return from !== undefined && tables.includes(from) ? [from] : []
    }),
  )
  return read.size === 1 ? [...read][0] : undefined
}
