/** What windowed views said at a moment of the past, asked of the table as it is. */
import { quote, sqlName } from '../core/index.ts'
import { cutoffSql } from './cutoff-sql.ts'
import { featureError } from './errors.ts'
import type { CutoffLabel } from './feature-view.ts'
import type { CompiledView } from './view-compiler.ts'
import { CUTOFF, sourceColumns } from './view-source.ts'

export function pastSql(
  views: readonly CompiledView[],
  request: { readonly cutoffMs: number; readonly label?: CutoffLabel },
): string {
  const [first] = views
  if (!first) throw new TypeError('no feature view was asked about')
  for (const { view } of views) {
    if (view.windowMs !== undefined) continue
    throw featureError(
      'FEATURE_INVALID_VIEW',
      `the feature view ${quote(view.name)} has no window: declare it with recent('14d', sql…) to ask what it was in the past`,
      { details: { view: view.name } },
    )
  }
  // The cut-off is given to each row by `windowedSql`, it is no column of the table.
  const columns = sourceColumns(first.table).filter(({ name }) => name !== CUTOFF)
  const names = columns.map(({ name }) => sqlName(name)).join(', ')
  const source = `select ${names} from ${sqlName(first.table.name)}`
  return cutoffSql(views, source, [request.cutoffMs], request.label)
}
