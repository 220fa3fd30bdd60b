import { afterAll, describe, it } from 'vitest'
import { createTempFiles } from '../../temp-files.conformance.ts'
import { openFileSource } from '../open-source.ts'
import { knownColumns, sourceConformance } from '../source.conformance.ts'

const files = createTempFiles()
afterAll(() => files.remove())
const open = async (name: string, text: string) =>
  openFileSource(await files.write(`${name}.tsv`, text), { columns: knownColumns })

describe('tsv source conformance', () => {
  const checks = sourceConformance({
    holds: { lineBreaks: false, delimiters: false },
    open: (name, rows) =>
      open(
        name,
        ['id\tname\tscore', ...rows.map((row) => `${row.id}\t${row.name}\t${row.score ?? ''}`)]
          .join('\n')
          .concat('\n'),
      ),
    openWithBadRow: async () => ({
      badRow: '2\tb',
      source: await open('bad', 'id\tname\tscore\n1\ta\t\n2\tb\n3\tc\t3\n'),
    }),
  })
  for (const check of checks) it(`${check.guarantee}: ${check.name}`, check.run)
})
