import { expect, test } from 'vitest'
import { z } from 'zod'
import { issuesOf } from './schema.ts'

test('trap 20: a missing, a wrong and an unknown field are named, each with what to do', () => {
  const schema = z.strictObject({ sql: z.string(), rows: z.int(), n: z.coerce.number() })
  const { error } = schema.safeParse({ rows: 'x', n: 'x', 'a/b': 1 })
  expect(error && issuesOf(error)).toEqual([
    { path: '/sql', message: 'missing: expected string' },
    { path: '/rows', message: 'Invalid input: expected number, received string' },
    { path: '/n', message: 'write a number in plain digits' },
    { path: '/a~1b', message: 'unknown field: remove it, or add it to the schema' },
  ])
})
