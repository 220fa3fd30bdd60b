import { afterAll, describe, expect, it } from 'vitest'
import { createTempFiles } from '../../temp-files.conformance.ts'
import { openFileSource } from '../open-source.ts'
import { knownColumns, sourceConformance } from '../source.conformance.ts'

const files = createTempFiles()
afterAll(() => files.remove())
const open = async (name: string, text: string) =>
  openFileSource(await files.write(`${name}.dat`, text), { columns: knownColumns })

for (const [label, delimiter] of [
  ['::', '::'],
  ['TAB', '\t'],
] as const) {
  describe(`dat source conformance, ${label}`, () => {
    const checks = sourceConformance({
      holds: { lineBreaks: false, delimiters: false },
      open: (name, rows) =>
        open(
          name,
          rows.map((row) => [row.id, row.name, row.score ?? ''].join(delimiter) + '\n').join(''),
        ),
      openWithBadRow: async () => {
        const bad = ['x', 'b', '1'].join(delimiter)
        const [first, last] = [1, 3].map((id) => [id, 'a', ''].join(delimiter))
        return { badRow: bad, source: await open('bad', `${first}\n${bad}\n${last}\n`) }
      },
    })
    for (const check of checks) it(`${check.guarantee}: ${check.name}`, check.run)
  })
}

describe('dat source', () => {
  it('knows a header by the names of the columns', async () => {
    const source = await open('header', 'id\tname\tscore\n1\ta\t1\n')
    expect(source.total).toBe(1)
  })

  it('asks for the delimiter when the first line has neither', async () => {
    await expect(open('other', '1|a|2\n')).rejects.toThrow('neither "::" nor a TAB')
  })
})
