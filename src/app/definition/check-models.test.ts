/** How a model may be searched for and weighed; the other checks of a definition are in `check-app.test.ts`. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { isMillraceError, type Issue } from '../../core/index.ts'
import { checkApp } from './check-app.ts'

const schema = z.object({ userId: z.int(), rating: z.number(), at: z.string() })

/** Paths of the issues of a definition, as a user of plain JavaScript could write it. */
function paths(definition: object): string[] {
  try {
    checkApp({ name: 'a', topics: { ratings: { schema } }, ...definition })
  } catch (error) {
    if (!isMillraceError(error, 'APP_INVALID')) throw error
    return (error.details['issues'] as Issue[]).map(({ path }) => path)
  }
  return []
}

test.each([
  [
    'a weight that is no column',
    {
      topics: { r: { schema: z.object({ x: z.number() }) } },
      models: { m: { task: 'regressor', label: 'x', columns: ['x'], weight: 'v' } },
    },
    '/models/m/weight',
  ],
  [
    'a weight that is a text',
    {
      topics: { r: { schema: z.object({ x: z.number(), w: z.string() }) } },
      models: { m: { task: 'regressor', label: 'x', columns: ['x'], weight: 'w' } },
    },
    '/models/m/weight',
  ],
  [
    'a weight that may be missing',
    {
      topics: { r: { schema: z.object({ x: z.number(), w: z.number().min(0).optional() }) } },
      models: { m: { task: 'regressor', label: 'x', columns: ['x'], weight: 'w' } },
    },
    '/models/m/weight',
  ],
  [
    'a weight that may be negative',
    {
      topics: { r: { schema: z.object({ x: z.number(), w: z.number() }) } },
      models: { m: { task: 'regressor', label: 'x', columns: ['x'], weight: 'w' } },
    },
    '/models/m/weight',
  ],
  [
    'a recommender with a weight',
    { models: { m: { task: 'recommender', user: 'userId', item: 'userId', weight: 'rating' } } },
    '/models/m/weight',
  ],
  [
    'a search in no time',
    {
      models: {
        m: { task: 'regressor', label: 'rating', columns: ['rating'], search: { time: 'soon' } },
      },
    },
    '/models/m/search/time',
  ],
  [
    'a search without time',
    { models: { m: { task: 'regressor', label: 'rating', columns: ['rating'], search: {} } } },
    '/models/m/search/time',
  ],
  [
    'a search by a method that is none',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          search: { time: '1m', method: 'bayes' },
        },
      },
    },
    '/models/m/search/method',
  ],
  [
    'a search of no trial',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          search: { time: '1m', trials: 0 },
        },
      },
    },
    '/models/m/search/trials',
  ],
  [
    'a search over nothing',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          search: { time: '1m', values: {} },
        },
      },
    },
    '/models/m/search/values',
  ],
  [
    'a search over no value',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          search: { time: '1m', values: { a: [] } },
        },
      },
    },
    '/models/m/search/values/a',
  ],
  [
    'a search over a value twice',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          search: { time: '1m', values: { a: [1, 2, 1] } },
        },
      },
    },
    '/models/m/search/values/a',
  ],
  [
    'a search over too many combinations',
    {
      models: {
        m: {
          task: 'regressor',
          label: 'rating',
          columns: ['rating'],
          search: {
            time: '1m',
            values: Object.fromEntries(
              ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, [1, 2, 3, 4, 5, 6, 7, 8, 9]]),
            ),
          },
        },
      },
    },
    '/models/m/search/values',
  ],
])('%s is named by its field', (_, definition, path) => {
  expect(paths(definition)).toContain(path)
})
