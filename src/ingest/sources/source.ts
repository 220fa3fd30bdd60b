/**
 * What a file format is: a variant of `sources/`.
 *
 * Guarantees, held by `source.conformance.ts`: **F1** every row once, in the file's order, positions from 1 without gaps.
 * **F2** from position n on comes exactly the tail. **F3** the same file gives the same bytes, id and fingerprint; another
 * content another fingerprint. **F4** cells become JSON by the columns' types, empty ones are absent. **F5** text stays as
 * it is: quotes, delimiters, accents, line breaks where the format can hold them. **F6** a row that cannot be an event is a
 * problem with its original bytes, and the rows after it still come. **F7** reading ends with the signal.
 */
import type { Column } from '../../core/index.ts'
import type { EventSource } from '../ingest.ts'
import type { DataFile } from './data-file.ts'

export interface FileOptions {
  /** What the file's fields become. Absent: every field is text. */
  readonly columns?: readonly Column[]
  /** Fields without a column: `drop` (default) or `keep` as text. */
  readonly extras?: 'drop' | 'keep'
  /** Between fields. Default: by format; `.dat` files: `::` or TAB, whichever the first line has. */
  readonly delimiter?: string
  /**
   * `true`: the first line names the columns. `false`: it is a row, fields are the columns in order. A list: it is a row, and
   * these are the names. Default: `true` when the first line has the name of a column, else `false`.
   */
  readonly header?: boolean | readonly string[]
  /** Default: UTF-8 when the whole file is, else ISO-8859-1. */
  readonly encoding?: 'utf-8' | 'iso-8859-1'
  /** Most bytes of a line. */
  readonly lineBytes: number
}

/** The rows of a file as events. */
export interface FileSource extends EventSource {
  readonly file: string
  readonly format: string
  readonly encoding: 'utf-8' | 'iso-8859-1'
  /** Names of the file's fields in order; empty when only its rows know them. */
  readonly fields: readonly string[]
  /** Sentences for a person: columns that nobody takes, and the like. */
  readonly warnings: readonly string[]
}

export interface SourceFormat {
  readonly name: string
  readonly summary: string
  /** File name endings, without those of compression. */
  readonly extensions: readonly string[]
  open(file: DataFile, options: FileOptions): Promise<FileSource>
}
