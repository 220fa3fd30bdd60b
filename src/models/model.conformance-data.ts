/** Data for the conformance suite: seeded, small, with an answer in it; and every degenerate shape that guarantee M5 names. */
import { createHash } from 'node:crypto'
import { createRandom } from '../kernels/index.ts'
import { selectRows } from './dataset.ts'
import type {
  CategoryColumn,
  ClassPrediction,
  ClusterPrediction,
  Dataset,
  FittedRows,
  PredictInput,
  RowTaskName,
  ValuePrediction,
} from './model.ts'

const USERS = 10
const ITEMS = 12

/**
 * A checkerboard: users like the items of their own parity. Feature a carries the answer with noise, b is half missing, c is
 * constant, d is noise.
 */
export function conformanceData(task: RowTaskName, rows: number, seed: number): Dataset {
  const random = createRandom(seed)
  const names = ['a', 'b', 'c', 'd']
  const values = new Float64Array(rows * names.length)
  const user = new Int32Array(rows)
  const item = new Int32Array(rows)
  const label = new Float64Array(rows)
  for (let r = 0; r < rows; r++) {
    user[r] = random.int(USERS)
    item[r] = random.int(ITEMS)
    const isLiked = user[r]! % 2 === item[r]! % 2
    const a = (isLiked ? 1 : -1) + random.gaussian()
    values.set([a, random.uniform() < 0.5 ? Number.NaN : a * 2, 7, random.gaussian()], r * 4)
    label[r] = task === 'classifier' ? (isLiked ? 1 : 0) : 3 + a + user[r]! * 0.1
  }
  const codes = { user, item }
  return {
    matrix: { names, rows, values },
    categories: (['user', 'item'] as const).map((name) => ({
      name,
      levels: Array.from({ length: name === 'user' ? USERS : ITEMS }, (_, i) => `${name}-${i}`),
      codes: codes[name],
    })),
    ...(task === 'clusterer' ? {} : { label }),
  }
}

/** Rows with the same inputs, of which every second has label 1. */
export function alikeRows(): Dataset & { readonly label: Float64Array } {
  const rows = 400
  return {
    matrix: { names: ['a'], rows, values: new Float64Array(rows).fill(7) },
    categories: ['user', 'item'].map((name) => ({
      name,
      levels: [`${name}-0`],
      codes: new Int32Array(rows),
    })),
    label: Float64Array.from({ length: rows }, (_, r) => r % 2),
  }
}

/** Data that a user's stream can hold and a learner may trip over. */
export function degenerateData(task: RowTaskName): { name: string; data: Dataset }[] {
  const base = conformanceData(task, 30, 5)
  const withValues = (change: (x: number, at: number) => number): Dataset => ({
    ...base,
    matrix: { ...base.matrix, values: base.matrix.values.map(change) },
  })
  const withLabel = (change: (y: number, r: number) => number): Dataset => ({
    ...base,
    ...(base.label ? { label: base.label.map(change) } : {}),
  })
  const withCodes = (code: number): Dataset => ({
    ...base,
    categories: base.categories.map((category) => ({
      ...category,
      codes: category.codes.map(() => code),
    })),
  })
  const isClass = task === 'classifier'
  return [
    { name: 'one row', data: conformanceData(task, 1, 6) },
    { name: 'two rows', data: conformanceData(task, 2, 6) },
    { name: 'equal rows', data: withValues((_, at) => at % 4) },
    { name: 'duplicate rows', data: repeatedRows(base, 20) },
    { name: '10,000 categories', data: manyLevels(task, 10_000) },
    { name: '10,000 categories in 100 rows', data: manyLevels(task, 100, 10_000) },
    { name: 'one label', data: withLabel(() => 1) },
    { name: 'constant columns', data: withValues(() => 3) },
    { name: 'all missing', data: withValues(() => Number.NaN) },
    { name: 'one column all missing', data: missingEvery(4, base) },
    { name: 'values missing here and there', data: missingEvery(3, base) },
    { name: 'columns that repeat another', data: withValues((_, at) => Math.floor(at / 4) % 7) },
    { name: 'infinite values', data: withValues((x, at) => (at % 3 === 0 ? Infinity : x)) },
    { name: 'huge values', data: withValues((x, at) => (at % 2 === 0 ? 1e300 : -1e300) * x) },
    {
      name: 'largest values',
      data: withValues((_, at) => (at % 3 === 0 ? 1 : -1) * Number.MAX_VALUE),
    },
    { name: 'values of ±1e300', data: withValues((_, at) => (at % 3 === 0 ? 1e300 : -1e300)) },
    { name: 'one huge value', data: withValues((x, at) => (at === 4 ? 1e300 : x)) },
    { name: 'tiny values', data: withValues((x) => x * 1e-300) },
    { name: 'huge labels', data: withLabel((y) => (isClass ? y : y * 1e300)) },
    { name: 'large labels', data: withLabel((y) => (isClass ? y : y * 1e90)) },
    { name: 'labels that are not numbers', data: withLabel(() => Number.NaN) },
    {
      name: 'separable labels',
      data: withLabel((_, r) => (base.matrix.values[r * 4]! > 0 ? 1 : 0)),
    },
    { name: 'no known level', data: withCodes(-1) },
    { name: 'one level', data: withCodes(0) },
    { name: 'codes out of range', data: withCodes(99) },
    { name: 'no column at all', data: noColumns(base) },
    {
      name: 'repeated names',
      data: { ...base, matrix: { ...base.matrix, names: ['a', 'a', 'c', 'd'] } },
    },
    { name: 'values of another length', data: { ...base, matrix: { ...base.matrix, rows: 29 } } },
    { name: 'weights of zero', data: { ...base, weight: new Float64Array(30) } },
    {
      name: 'huge and tiny weights',
      data: {
        ...base,
        weight: Float64Array.from({ length: 30 }, (_, r) => (r % 2 ? 1e90 : 1e-90)),
      },
    },
  ]
}

const missingEvery = (step: number, base: Dataset): Dataset => ({
  ...base,
  matrix: {
    ...base.matrix,
    values: base.matrix.values.map((x, at) => (at % step === 0 ? Number.NaN : x)),
  },
})

/** The same rows over and over. */
function repeatedRows(base: Dataset, times: number): Dataset {
  const rows = base.matrix.rows * times
  const from = Int32Array.from({ length: rows }, (_, r) => r % base.matrix.rows)
  return selectRows(base, from)
}

/** As many users as `levels`, most of them in one row. */
function manyLevels(task: RowTaskName, rows: number, levels = rows): Dataset {
  const data = conformanceData(task, rows, 7)
  return {
    ...data,
    categories: data.categories.map((category) => ({
      name: category.name,
      levels: Array.from({ length: levels }, (_, i) => `${category.name}-${i}`),
      codes: Int32Array.from({ length: rows }, (_, r) => (r * 7_919) % levels),
    })),
  }
}

const noColumns = (base: Dataset): Dataset => ({
  ...base,
  matrix: { names: [], rows: base.matrix.rows, values: new Float64Array(0) },
  categories: [],
})

/** The rows of a dataset as rows to predict. */
export function inputOf(data: Dataset): PredictInput {
  return {
    matrix: data.matrix,
    categories: Object.fromEntries(
      data.categories.map(({ name, levels, codes }) => [
        name,
        Array.from(codes, (code) => levels[code] ?? null),
      ]),
    ),
  }
}

/** The same data with features, categories and levels in another order. */
export function shuffledColumns(data: Dataset): Dataset {
  const { names, rows, values } = data.matrix
  const order = names.map((_, j) => names.length - 1 - j)
  const moved = Float64Array.from(values, (_, at) => {
    return values[Math.floor(at / names.length) * names.length + order[at % names.length]!]!
  })
  return {
    ...data,
    matrix: { names: order.map((j) => names[j]!), rows, values: moved },
    categories: data.categories.toReversed().map(({ name, levels, codes }): CategoryColumn => ({
      name,
      levels: levels.toReversed(),
      codes: codes.map((code) => (code < 0 ? code : levels.length - 1 - code)),
    })),
  }
}

type Answers = ClassPrediction | ValuePrediction | ClusterPrediction

export function answersOf(fitted: FittedRows, input: PredictInput): Answers {
  if (fitted.task === 'classifier') return fitted.predictProba(input)
  if (fitted.task === 'regressor') return fitted.predict(input)
  return fitted.assign(input)
}

/** A digest of everything in a value, every bit of its arrays. */
export function snapshot(value: unknown): string {
  const hash = createHash('sha256')
  const add = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) {
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
    } else if (Array.isArray(part)) part.forEach(add)
    else if (typeof part === 'object' && part !== null) {
      for (const [key, inner] of Object.entries(part)) {
        hash.update(`${key}:`)
        add(inner)
      }
    } else hash.update(`${typeof part} ${String(part)};`)
  }
  add(value)
  return hash.digest('hex')
}
