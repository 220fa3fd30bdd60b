/** The rows of one part of a batch, column by column, on their way into one staged file. */
import { rmSync } from 'node:fs'
import type { Column } from '../../core/index.ts'
import { ColumnBuffer } from './column-buffer.ts'
import { PlainParquetFile } from './plain-parquet.ts'

/** DuckDB's own default; written down because the bytes depend on it. As in the files of the lake: whoever reads a staged file in parallel then cuts where its row groups end. */
export const ROW_GROUP_ROWS = 122_880

/** Names in staged files say nothing: two columns could have names that SQL takes for one. */
export const stagedName = (index: number): string => `c${index}`

export class StagedFile {
  readonly path: string
  readonly columns: readonly ColumnBuffer[]
  rows = 0
  #file: PlainParquetFile | undefined
  readonly #types: readonly Column[]

  constructor(path: string, columns: readonly Column[]) {
    this.path = path
    this.#types = columns
    this.columns = columns.map(({ type }) => new ColumnBuffer(type))
  }

  /** Called when each column has one value more. */
  rowAdded(): void {
    this.rows++
    if (this.rows % ROW_GROUP_ROWS === 0) this.#open().writeRowGroup(this.columns)
  }

  finish(): void {
    const file = this.#open()
    if (this.rows % ROW_GROUP_ROWS !== 0) file.writeRowGroup(this.columns)
    file.end()
    file.close()
    this.#file = undefined
  }

  /** Removes what there is. */
  discard(): void {
    this.#file?.close()
    this.#file = undefined
    rmSync(this.path, { force: true })
  }

  #open(): PlainParquetFile {
    this.#file ??= new PlainParquetFile(
      this.path,
      this.#types.map(({ type }, index) => ({ name: stagedName(index), type })),
    )
    return this.#file
  }
}
