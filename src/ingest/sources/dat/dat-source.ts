/** GroupLens' `.dat` and `u.*` files: fields between `::` or TABs, whichever the first line has; no quotes. */
import { failed } from '../data-file.ts'
import { openDelimited } from '../delimited-source.ts'
import type { SourceFormat } from '../source.ts'

export const datSource: SourceFormat = {
  name: 'dat',
  summary: 'GroupLens .dat files, `::` or TAB between fields',
  extensions: ['.dat', '.data', '.base', '.test', '.item', '.user'],
  open: (file, options) =>
    openDelimited(file, options, {
      format: 'dat',
      quotes: false,
      delimiter(firstLine, source) {
        if (firstLine.includes('::')) return '::'
        if (firstLine.includes('\t') || firstLine === '') return '\t'
        throw failed(
          source.path,
          'has neither "::" nor a TAB in its first line: give the delimiter',
        )
      },
    }),
}
