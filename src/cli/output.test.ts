import { expect, test, vi } from 'vitest'
import { createOutput } from './output.ts'

/** What a table looks like, and how long it took. */
async function printed(head: readonly string[], rows: readonly (readonly (string | number)[])[]) {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await createOutput({ json: false }).table(head, rows)
    return write.mock.calls.map(([text]) => String(text)).join('')
  } finally {
    write.mockRestore()
  }
}

test('a table is aligned, numbers to the right, wide characters by their cells', async () => {
  const text = await printed(
    ['TITLE', 'N'],
    [
      ['\u4e03\u4eba', 7],
      ['Heat\u001b[31m', 1_000],
    ],
  )
  expect(text).toBe(
    ['TITLE              N', '\u4e03\u4eba               7', 'Heat\\u001b[31m  1000', ''].join(
      '\n',
    ),
  )
})

test('ten thousand rows of fifteen columns are a table within seconds', async () => {
  const head = Array.from({ length: 15 }, (_, column) => `c${column}`)
  const rows = Array.from({ length: 10_000 }, (_, row) => head.map((name) => `${name} of ${row}`))
  const began = performance.now()
  const text = await printed(head, rows)
  expect(text.split('\n')).toHaveLength(10_002)
  expect(performance.now() - began).toBeLessThan(5_000)
})
