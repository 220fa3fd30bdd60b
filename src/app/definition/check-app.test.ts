import { expect, test } from 'vitest'
import { z } from 'zod'
import { isMillraceError, type Issue } from '../../core/index.ts'
import { checkApp } from './check-app.ts'

const schema = z.object({ userId: z.int(), rating: z.number(), at: z.string() })
const topics = { ratings: { schema } }

const COUNT = { kind: 'count' }
const WINDOW = { kind: 'window', from: 'ratings', every: '10s', aggregates: { n: COUNT } }

/** Issues of a definition, as a user of plain JavaScript could write it. */
function issuesOf(definition: object): readonly Issue[] {
  try {
    checkApp({ name: 'a', topics, ...definition })
  } catch (error) {
    if (!isMillraceError(error, 'APP_INVALID')) throw error
    return error.details['issues'] as Issue[]
  }
  return []
}
const paths = (definition: object): string[] => issuesOf(definition).map(({ path }) => path)

test('a sound definition has no issue', () => {
  expect(issuesOf({})).toEqual([])
})

test.each([
  ['a name in capitals', { name: 'My App' }, '/name'],
  ['a port out of range', { port: 70_000 }, '/port'],
  ['a field that does not exist', { topic: {} }, '/topic'],
  ['no topic', { topics: {} }, '/topics'],
  [
    'a topic name with a space',
    { topics: { 'movie ratings': { schema } } },
    '/topics/movie ratings',
  ],
  ['a topic of the product', { topics: { '__millrace-x': { schema } } }, '/topics/__millrace-x'],
  ['a table of the product', { topics: { predictions: { schema } } }, '/topics/predictions'],
  ['a topic name that is no table name', { topics: { A: { schema } } }, '/topics/A'],
  ['a schema that is no zod object', { topics: { r: { schema: {} } } }, '/topics/r/schema'],
  [
    'a column of the product',
    { topics: { r: { schema: z.object({ _x: z.int() }) } } },
    '/topics/r/schema/_x',
  ],
  [
    'columns that differ by case only',
    { topics: { r: { schema: z.object({ x: z.int(), X: z.int() }) } } },
    '/topics/r/schema/X',
  ],
  ['an unknown key', { topics: { r: { schema, key: 'user' } } }, '/topics/r/key'],
  ['a text as event time', { topics: { r: { schema, eventTime: 'at' } } }, '/topics/r/eventTime'],
  ['a table that is a text', { topics: { r: { schema, table: 'yes' } } }, '/topics/r/table'],
  [
    'a retention without a limit',
    { topics: { r: { schema, table: { retention: {} } } } },
    '/topics/r/table/retention',
  ],
  [
    'a retention of no time',
    { topics: { r: { schema, table: { retention: { age: 'long' } } } } },
    '/topics/r/table/retention/age',
  ],
  [
    'a compaction of two files',
    { topics: { r: { schema, table: { compact: { files: 2 } } } } },
    '/topics/r/table/compact/files',
  ],
  [
    'an unknown table setting',
    { topics: { r: { schema, table: { partitions: 2 } } } },
    '/topics/r/table',
  ],
  ['a batch without a rule', { topics: { r: { schema, batch: {} } } }, '/topics/r/batch'],
  [
    'an unreadable duration',
    { topics: { r: { schema, batch: { idle: 'soon' } } } },
    '/topics/r/batch/idle',
  ],
  ['a batch of no rows', { topics: { r: { schema, batch: { rows: 0 } } } }, '/topics/r/batch/rows'],
  [
    'a stream of an unknown topic',
    { streams: { s: { kind: 'window', from: 'rating', every: '10s', aggregates: { n: COUNT } } } },
    '/streams/s/from',
  ],
  ['a stream with the name of a topic', { streams: { ratings: WINDOW } }, '/streams/ratings'],
  ['a stream of no length', { streams: { s: { ...WINDOW, every: '0s' } } }, '/streams/s/every'],
  [
    'an aggregate of a text',
    { streams: { s: { ...WINDOW, aggregates: { n: { kind: 'sum', of: { field: 'at' } } } } } },
    '/streams/s/aggregates/n',
  ],
  [
    'an aggregate with the name of a column',
    { streams: { s: { ...WINDOW, aggregates: { window_end: COUNT } } } },
    '/streams/s/aggregates/window_end',
  ],
  [
    'empty windows of keys',
    { streams: { s: { ...WINDOW, keys: ['userId'], empty: 'zero' } } },
    '/streams/s/empty',
  ],
  [
    'rows of what is no list',
    {
      topics: { ratings: { schema, table: false } },
      streams: { s: { kind: 'unnest', from: 'ratings', each: 'rating' } },
    },
    '/streams/s',
  ],
  [
    'a model without inputs',
    { models: { m: { task: 'regressor', label: 'rating' } } },
    '/models/m',
  ],
  ['an unknown task', { models: { m: { task: 'oracle', label: 'rating' } } }, '/models/m/task'],
  [
    'an unknown column',
    { models: { m: { task: 'regressor', label: 'rating', columns: ['age'] } } },
    '/models/m/columns/0',
  ],
  [
    'an empty range',
    {
      models: { m: { task: 'regressor', label: 'rating', columns: ['rating'], range: [5, 5] } },
    },
    '/models/m/range',
  ],
  [
    'a gate of another task',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          gate: { auc: { margin: 0 } },
        },
      },
    },
    '/models/m/gate/auc',
  ],
  [
    'groups by a column that is none',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          evaluation: { groupBy: 'ages' },
        },
      },
    },
    '/models/m/evaluation/groupBy',
  ],
  [
    'one fold',
    {
      models: {
        m: { task: 'regressor', label: 'rating', columns: ['rating'], evaluation: { folds: 1 } },
      },
    },
    '/models/m/evaluation/folds',
  ],
  ['a source of nowhere', { sources: [{ topic: 'ratings' }] }, '/sources/0'],
  ['a source of no topic', { sources: [{ topic: 'r', file: 'r.csv' }] }, '/sources/0/topic'],
])('%s is refused and named', (_what, definition, path) => {
  expect(paths(definition)).toEqual([path])
})

test.each([
  ['nothing', [], ''],
  ['no field', ['page'], '/0'],
  ['a number with fractions', ['rating'], '/0'],
  ['the day of a text', [{ unit: 'day', of: 'at' }], '/0'],
  ['a year', [{ unit: 'year', of: 'userId' }], '/0/unit'],
  ['a number', [7], '/0'],
  ['the same twice', ['at', 'at'], '/1'],
  ['a name that the schema has', [{ unit: 'day', of: 'userId', as: 'At' }], '/0'],
  ['a name that hides', [{ unit: 'day', of: 'userId', as: '_day' }], '/0'],
])('a table partitioned by %s is refused and named', (_what, partitionBy, path) => {
  expect(paths({ topics: { r: { schema, table: { partitionBy } } } })).toEqual([
    `/topics/r/table/partitionBy${path}`,
  ])
})

test('what is wrong with a partition column is said with its remedy', () => {
  const of = (partitionBy: readonly unknown[]) =>
    issuesOf({ topics: { r: { schema, table: { partitionBy } } } }).map(({ message }) => message)
  expect(of(['rating'])).toEqual([
    `"rating" is a double column, which makes too many folders: use day('rating') if it is a time, or a text, a whole number or a boolean`,
  ])
  expect(of(['pages'])).toEqual(['"pages" is no field of the schema: use "userId", "rating", "at"'])
  expect(of([{ unit: 'day', of: 'userId' }, 'userId', '_type'])).toEqual([])
  expect(of([{ unit: 'day', of: 'userId', as: 'at' }])).toEqual([
    `makes a column "at", which the schema has already: name it otherwise, day('…', { as: 'event_day' })`,
  ])
})

test('routes of the product, doubles and undeclared parameters are refused', () => {
  const route = { method: 'GET', summary: 's', answer: z.unknown(), handler: async () => null }
  expect(
    paths({
      routes: [
        { ...route, path: '/v1/models' },
        { ...route, path: '/health' },
        { ...route, path: '/health' },
        { ...route, path: '/batch/:n' },
        { ...route, path: 'x' },
      ],
    }),
  ).toEqual(['/routes/4/path'])
  expect(
    paths({
      routes: [
        { ...route, path: '/v1/models' },
        { ...route, path: '/health' },
        { ...route, path: '/health' },
        { ...route, path: '/batch/:n' },
      ],
    }),
  ).toEqual(['/routes/0/path', '/routes/2/path', '/routes/3/params'])
})

test('other paths of a route are checked like its own, and have the same parameters', () => {
  const route = {
    method: 'GET',
    path: '/users/:id',
    summary: 's',
    params: z.object({ id: z.string() }),
    answer: z.unknown(),
    handler: async () => null,
  }
  const of = (...aliases: string[]) => paths({ routes: [{ ...route, aliases }] })
  expect(of('/people/:id', '/members/:id')).toEqual([])
  expect(of('/people/:id', 'x')).toEqual(['/routes/0/aliases/1'])
  expect(of('/users/:id')).toEqual(['/routes/0/aliases/0'])
  expect(of('/v1/models/:id')).toEqual(['/routes/0/aliases/0'])
  expect(of('/people/:name')).toEqual(['/routes/0/aliases/0'])
  expect(of('/people')).toEqual(['/routes/0/aliases/0'])
})

test('a model of an app with several tables says which, or its views do', () => {
  const two = { ratings: { schema }, visits: { schema } }
  const model = { task: 'regressor', label: 'rating', columns: ['rating'] }
  expect(paths({ topics: two, models: { m: model } })).toEqual(['/models/m/from'])
  expect(paths({ topics: two, models: { m: { ...model, from: 'visits' } } })).toEqual([])
  expect(
    paths({
      topics: two,
      features: { user: 'select userId, count(*) as n from ratings group by userId' },
      models: { m: { ...model, features: ['user'] } },
    }),
  ).toEqual([])
})

test('the message lists the fields as people write them', () => {
  expect(() =>
    checkApp({
      name: 'a',
      topics,
      features: { user: 'select 1' },
      models: { like: { task: 'classifier', label: 'rating >= 4', features: ['usr'] } },
    }),
  ).toThrow(
    'the app "a" is not valid; correct this: models.like.features[0]: "usr" is no feature view of the app: use "user"',
  )
})
