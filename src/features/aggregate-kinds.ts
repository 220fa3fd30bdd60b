/**
 * The aggregates that update incrementally. Each kind says the same thing four times: as SQL over rows (training), as SQL
 * that makes mergeable partials of a few new rows, as the merge of such partials into an entity's state, and as the value
 * of that state. That the four agree is guarantee F2.
 *
 * Sums are compensated (Neumaier 1974), variances merge by Chan, Golub and LeVeque (1979), equation 2.1: so a state that
 * has taken a million small merges still equals one pass over the rows to about 1e-13.
 */

/** What a state or a partial holds. `null` is SQL's NULL. */
export type StateCell = number | string | null

/** How a SQL value travels: every number, boolean and moment as DOUBLE, everything else as text. */
export type CellType = 'number' | 'text'

/** SQL texts that a kind puts together: column names of the value and of what it is compared by, and the row condition. */
export interface AggregateInput {
  readonly value: string
  readonly by: string
  readonly filter: string
}

export interface AggregateKind {
  /** The aggregate; with `over` as a window function. */
  sql(input: AggregateInput, over: string): string
  /** Mergeable parts as SQL aggregates. */
  parts(input: AggregateInput): readonly string[]
  /** Types of the parts, given the type of the value and of what it is compared by. */
  partTypes(value: CellType, by: CellType): readonly CellType[]
  /** Cells of the state. */
  readonly width: number
  /** Adds parts to the cells that begin at `at`; a state begins with nulls. */
  merge(state: StateCell[], at: number, parts: readonly StateCell[]): void
  value(state: readonly StateCell[], at: number): StateCell
}

/**
 * Event order as a struct: (event time, partition, offset). Comparisons of structs go field by field, so one `max` finds
 * the latest, and equal values are told apart the same way on every path.
 */
const ORDER_FIELDS = ['t', 'p', 'o'] as const
const ORDER = `t := "__t", p := "__p", o := "__o"`

const number = (cell: StateCell | undefined): number => (typeof cell === 'number' ? cell : 0)

const count: AggregateKind = {
  sql: ({ filter }, over) => `count(*) filter (where ${filter})${over}`,
  parts: ({ filter }) => [`count(*) filter (where ${filter})`],
  partTypes: () => ['number'],
  width: 1,
  merge(state, at, [n]) {
    state[at] = number(state[at]) + number(n)
  },
  value: (state, at) => number(state[at]),
}

/** Cells: sum, correction of its rounding errors, number of values. */
function mergeSum(state: StateCell[], at: number, added: number, n: number): void {
  const sum = number(state[at])
  const total = sum + added
  const lost = Math.abs(sum) >= Math.abs(added) ? sum - total + added : added - total + sum
  state[at] = total
  state[at + 1] = number(state[at + 1]) + lost
  state[at + 2] = number(state[at + 2]) + n
}
const sumLike = (name: 'sum' | 'avg'): AggregateKind => ({
  sql: ({ value, filter }, over) => `${name}(${value}) filter (where ${filter})${over}`,
  parts: ({ value, filter }) => [
    `sum(${value}) filter (where ${filter})`,
    `count(*) filter (where ${filter})`,
  ],
  partTypes: () => ['number', 'number'],
  width: 3,
  merge(state, at, [sum, n]) {
    mergeSum(state, at, number(sum), number(n))
  },
  value(state, at) {
    const n = number(state[at + 2])
    if (n === 0) return null
    const sum = number(state[at]) + number(state[at + 1])
    return name === 'sum' ? sum : sum / n
  },
})

/** Cells: number of values, mean, sum of squared distances from the mean. */
const spread = (
  name: 'stddev_samp' | 'stddev_pop' | 'var_samp' | 'var_pop',
  missingDegrees: 0 | 1,
  root: boolean,
): AggregateKind => ({
  sql: ({ value, filter }, over) => `${name}(${value}) filter (where ${filter})${over}`,
  parts: ({ value, filter }) => [
    `count(*) filter (where ${filter})`,
    `avg(${value}) filter (where ${filter})`,
    `var_pop(${value}) filter (where ${filter}) * count(*) filter (where ${filter})`,
  ],
  partTypes: () => ['number', 'number', 'number'],
  width: 3,
  merge(state, at, [n, mean, squares]) {
    const nB = number(n)
    if (nB === 0) return
    const nA = number(state[at])
    const nAB = nA + nB
    const delta = number(mean) - number(state[at + 1])
    state[at] = nAB
    state[at + 1] = number(state[at + 1]) + (delta * nB) / nAB
    state[at + 2] = number(state[at + 2]) + number(squares) + delta * delta * ((nA * nB) / nAB)
  },
  value(state, at) {
    const degrees = number(state[at]) - missingDegrees
    if (number(state[at]) === 0 || degrees <= 0) return null
    const variance = number(state[at + 2]) / degrees
    return root ? Math.sqrt(variance) : variance
  },
})

/** Order of two cells of one type. Texts compare by their UTF-8 bytes, as in SQL. */
function compare(a: StateCell | undefined, b: StateCell | undefined): number {
  if (typeof a === 'string' && typeof b === 'string') {
    return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
  }
  return number(a) - number(b)
}

const extreme = (name: 'min' | 'max'): AggregateKind => ({
  sql: ({ value, filter }, over) => `${name}(${value}) filter (where ${filter})${over}`,
  parts: ({ value, filter }) => [`${name}(${value}) filter (where ${filter})`],
  partTypes: (value) => [value],
  width: 1,
  merge(state, at, [candidate]) {
    if (candidate === null || candidate === undefined) return
    const held = state[at] ?? null
    const better = name === 'max' ? compare(candidate, held) > 0 : compare(candidate, held) < 0
    if (held === null || better) state[at] = candidate
  },
  value: (state, at) => state[at] ?? null,
})

/**
 * Cells: value, what it is compared by, event time, partition, offset. Of equal ones, `max` takes the latest event and
 * `min` the earliest.
 */
const key = (by: string): string => `struct_pack(y := ${by}, ${ORDER})`
const extremeArgument = (name: 'min' | 'max'): AggregateKind => {
  return {
    sql: ({ value, by, filter }, over) =>
      `arg_${name}(${value}, ${key(by)}) filter (where ${filter})${over}`,
    parts: ({ value, by, filter }) => [
      `arg_${name}(${value}, ${key(by)}) filter (where ${filter})`,
      ...['y', ...ORDER_FIELDS].map(
        (field) => `struct_extract(${name}(${key(by)}) filter (where ${filter}), '${field}')`,
      ),
    ],
    partTypes: (value, by) => [value, by, 'number', 'number', 'number'],
    width: 5,
    merge(state, at, parts) {
      if (parts[0] === null || parts[0] === undefined) return
      let order = 0
      for (let i = 1; i < 5 && order === 0; i++) order = compare(parts[i], state[at + i])
      const better = name === 'max' ? order > 0 : order < 0
      if (state[at] !== null && !better) return
      for (let i = 0; i < 5; i++) state[at + i] = parts[i] ?? null
    },
    value: (state, at) => state[at] ?? null,
  }
}

export const aggregateKinds = {
  count,
  sum: sumLike('sum'),
  avg: sumLike('avg'),
  stddev_samp: spread('stddev_samp', 1, true),
  stddev_pop: spread('stddev_pop', 0, true),
  var_samp: spread('var_samp', 1, false),
  var_pop: spread('var_pop', 0, false),
  min: extreme('min'),
  max: extreme('max'),
  arg_min: extremeArgument('min'),
  arg_max: extremeArgument('max'),
} as const satisfies Record<string, AggregateKind>

export type AggregateName = keyof typeof aggregateKinds

interface SupportedAggregate {
  readonly kind: AggregateName
  /** Number of arguments allowed. */
  readonly arguments: readonly number[]
  /** The argument is a condition that is added to the filter. */
  readonly condition?: true
  /** The value is compared by event order alone. */
  readonly byOrder?: true
}

/** SQL names that a view may use. */
export const supportedAggregates: Readonly<Record<string, SupportedAggregate>> = {
  count_star: { kind: 'count', arguments: [0] },
  count: { kind: 'count', arguments: [0, 1] },
  count_if: { kind: 'count', arguments: [1], condition: true },
  countif: { kind: 'count', arguments: [1], condition: true },
  sum: { kind: 'sum', arguments: [1] },
  avg: { kind: 'avg', arguments: [1] },
  mean: { kind: 'avg', arguments: [1] },
  min: { kind: 'min', arguments: [1] },
  max: { kind: 'max', arguments: [1] },
  stddev: { kind: 'stddev_samp', arguments: [1] },
  stddev_samp: { kind: 'stddev_samp', arguments: [1] },
  stddev_pop: { kind: 'stddev_pop', arguments: [1] },
  variance: { kind: 'var_samp', arguments: [1] },
  var_samp: { kind: 'var_samp', arguments: [1] },
  var_pop: { kind: 'var_pop', arguments: [1] },
  arg_max: { kind: 'arg_max', arguments: [2] },
  argmax: { kind: 'arg_max', arguments: [2] },
  max_by: { kind: 'arg_max', arguments: [2] },
  arg_min: { kind: 'arg_min', arguments: [2] },
  argmin: { kind: 'arg_min', arguments: [2] },
  min_by: { kind: 'arg_min', arguments: [2] },
  first: { kind: 'arg_min', arguments: [1], byOrder: true },
  last: { kind: 'arg_max', arguments: [1], byOrder: true },
}
