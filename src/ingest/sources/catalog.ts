/** The file formats that can be replayed: one lazy line each. */
import type { SourceFormat } from './source.ts'

export const sourceFormats = {
  csv: async (): Promise<SourceFormat> => (await import('./csv/csv-source.ts')).csvSource,
  tsv: async (): Promise<SourceFormat> => (await import('./tsv/tsv-source.ts')).tsvSource,
  dat: async (): Promise<SourceFormat> => (await import('./dat/dat-source.ts')).datSource,
  parquet: async (): Promise<SourceFormat> =>
    (await import('./parquet/parquet-source.ts')).parquetSource,
  jsonl: async (): Promise<SourceFormat> => (await import('./jsonl/jsonl-source.ts')).jsonlSource,
} as const

export type SourceFormatName = keyof typeof sourceFormats
