/** Tab separated values (IANA text/tab-separated-values): no quotes, a TAB always ends a field. */
import { openDelimited } from '../delimited-source.ts'
import type { SourceFormat } from '../source.ts'

export const tsvSource: SourceFormat = {
  name: 'tsv',
  summary: 'Tab separated values; quotes are ordinary characters',
  extensions: ['.tsv', '.tab'],
  open: (file, options) =>
    openDelimited(file, options, { format: 'tsv', delimiter: () => '\t', quotes: false }),
}
