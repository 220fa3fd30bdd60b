/** Comma separated values (RFC 4180): fields may stand in double quotes, and then hold commas and line breaks. */
import { openDelimited } from '../delimited-source.ts'
import type { SourceFormat } from '../source.ts'

export const csvSource: SourceFormat = {
  name: 'csv',
  summary: 'Comma separated values, quoted fields with line breaks included',
  extensions: ['.csv', '.txt'],
  open: (file, options) =>
    openDelimited(file, options, { format: 'csv', delimiter: () => ',', quotes: true }),
}
