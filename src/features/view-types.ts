/** SQL types of a view's expressions, and how values of each type travel: as DOUBLE or as text. */
import type { SqlEngine } from '../sql/index.ts'
import type { CellType } from './aggregate-kinds.ts'
import type { FeatureViewSpec } from './feature-view.ts'
import { invalid } from './view-parser.ts'

type TypeFamily = 'number' | 'boolean' | 'text' | 'moment'

/** Types of expressions over `from`, by binding them; nothing is computed. Throws FEATURE_INVALID_VIEW. */
export async function bindTypes(
  engine: SqlEngine,
  spec: FeatureViewSpec,
  expressions: readonly string[],
  columns: string,
): Promise<string[]> {
  if (expressions.length === 0) return []
  const list = expressions.map((sql, index) => `${sql} as c${index}`).join(', ')
  try {
    const result = await engine.query(`select ${list} from (select ${columns}) limit 0`)
    return result.columns.map(({ type }) => type)
  } catch (cause) {
    const [line] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw invalid(spec, `cannot be bound: ${line}`, cause)
  }
}

function familyOf(type: string): TypeFamily | undefined {
  if (type === 'BOOLEAN') return 'boolean'
  if (/^(VARCHAR|JSON|UUID|ENUM\b)/.test(type) && !type.endsWith('[]')) return 'text'
  if (/^(TIMESTAMP|DATE)/.test(type) && !type.endsWith('[]')) return 'moment'
  if (
    /^("NULL"|SQLNULL|(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|BIGNUM|DECIMAL\(.*\)|FLOAT|DOUBLE))$/.test(
      type,
    )
  ) {
    return 'number'
  }
  return undefined
}

/** The expression in the form in which it travels; NULL on rows where it fails. Throws FEATURE_INVALID_VIEW. */
export function encode(
  spec: FeatureViewSpec,
  sql: string,
  type: string,
): { sql: string; cell: CellType } {
  switch (familyOf(type)) {
    case 'number':
    case 'boolean':
      return { sql: `TRY(CAST((${sql}) AS DOUBLE))`, cell: 'number' }
    case 'moment':
      return { sql: `TRY(CAST(epoch_us(${sql}) AS DOUBLE))`, cell: 'number' }
    case 'text':
      return { sql: `TRY(CAST((${sql}) AS VARCHAR))`, cell: 'text' }
    default:
      throw invalid(
        spec,
        `aggregates ${sql} of type ${type}: use a number, boolean, text or moment`,
      )
  }
}

/** Back from the form in which a value travelled to its SQL type. */
export function decode(sql: string, type: string): string {
  if (type === 'DOUBLE') return sql
  switch (familyOf(type)) {
    case 'boolean':
      return `(${sql} <> 0)`
    case 'moment':
      return type.startsWith('TIMESTAMP WITH')
        ? `make_timestamptz(TRY_CAST(${sql} AS BIGINT))`
        : `CAST(make_timestamp(TRY_CAST(${sql} AS BIGINT)) AS ${type})`
    default:
      return `TRY_CAST(${sql} AS ${type.startsWith('"') ? 'DOUBLE' : type})`
  }
}

/** Throws FEATURE_INVALID_VIEW unless the type of a feature is a number or a boolean. */
export function checkFeatureType(spec: FeatureViewSpec, feature: string, type: string): void {
  const family = familyOf(type)
  if (family === 'number' || family === 'boolean') return
  const remedy =
    family === 'moment'
      ? 'make a number of it, for example with epoch(…)'
      : 'make a number of it, for example with CASE or length(…)'
  throw invalid(
    spec,
    `has the feature "${feature}" of type ${type}: features are numbers; ${remedy}`,
  )
}
