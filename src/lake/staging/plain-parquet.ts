/**
 * Writes a Parquet file as plainly as the format allows: no compression, PLAIN pages, one page a column and row group. It is
 * read once, by the SQL engine's threads, which make the compressed file of the lake from it.
 */
import { closeSync, openSync, writevSync } from 'node:fs'
import type { ColumnType } from '../../core/index.ts'
import type { ColumnBuffer } from './column-buffer.ts'
import { ThriftWriter } from './thrift-writer.ts'

export interface PlainColumn {
  readonly name: string
  readonly type: ColumnType
}

/** Of parquet.thrift: Type, and ConvertedType where the type alone does not say it. */
const TYPES: Readonly<Record<ColumnType, { readonly type: number; readonly converted?: number }>> =
  {
    boolean: { type: 0 },
    integer: { type: 2 },
    int64: { type: 2 },
    /** Milliseconds; the reader's SQL makes a time of them. */
    timestamp: { type: 2 },
    double: { type: 5 },
    text: { type: 6, converted: 0 },
    json: { type: 6, converted: 19 },
  }

const OPTIONAL = 1
const DATA_PAGE = 0
const PLAIN = 0
const RLE = 3
const MAGIC = Buffer.from('PAR1')

interface Chunk {
  readonly at: number
  readonly bytes: number
  readonly rows: number
}

interface RowGroup {
  readonly rows: number
  readonly bytes: number
  readonly chunks: readonly Chunk[]
}

export class PlainParquetFile {
  readonly #columns: readonly PlainColumn[]
  readonly #groups: RowGroup[] = []
  readonly #fd: number
  #size = 0

  /** Throws what the disk says, as all that write. */
  constructor(path: string, columns: readonly PlainColumn[]) {
    this.#columns = columns
    this.#fd = openSync(path, 'w', 0o644)
  }

  /** One buffer a column, all of as many rows; they are empty afterwards. */
  writeRowGroup(buffers: readonly ColumnBuffer[]): void {
    this.#begin()
    const begin = this.#size
    const rows = buffers[0]?.rows ?? 0
    const chunks = buffers.map((buffer): Chunk => {
      const at = this.#size
      const { levels, values } = buffer.page()
      this.#write([pageHeader(rows, levels.length + values.length), levels, values])
      buffer.clear()
      return { at, bytes: this.#size - at, rows }
    })
    this.#groups.push({ rows, bytes: this.#size - begin, chunks })
  }

  end(): void {
    this.#begin()
    const footer = this.#footer()
    const length = Buffer.alloc(4)
    length.writeUInt32LE(footer.length)
    this.#write([footer, length, MAGIC])
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** Not when it is opened: a file that a full disk refuses is closed by who holds it. */
  #begin(): void {
    if (this.#size === 0) this.#write([MAGIC])
  }

  #write(parts: readonly Uint8Array[]): void {
    let rest = parts.filter(({ length }) => length > 0)
    while (rest.length > 0) {
      let written = writevSync(this.#fd, rest)
      this.#size += written
      rest = rest.flatMap((part) => {
        const done = Math.min(written, part.length)
        written -= done
        return done === part.length ? [] : [part.subarray(done)]
      })
    }
  }

  #footer(): Uint8Array {
    const thrift = new ThriftWriter()
    thrift.i32(1, 1)
    thrift.structs(2, [undefined, ...this.#columns], (column) => {
      if (!column) {
        thrift.text(4, 'rows')
        thrift.i32(5, this.#columns.length)
        return
      }
      const { type, converted } = TYPES[column.type]
      thrift.i32(1, type)
      thrift.i32(3, OPTIONAL)
      thrift.text(4, column.name)
      if (converted !== undefined) thrift.i32(6, converted)
    })
    thrift.i64(
      3,
      this.#groups.reduce((sum, { rows }) => sum + rows, 0),
    )
    thrift.structs(4, this.#groups, ({ rows, bytes, chunks }) => {
      const columns = chunks.map((chunk, index) => ({ chunk, column: this.#columns[index]! }))
      thrift.structs(1, columns, ({ chunk, column }) => writeChunk(thrift, chunk, column))
      thrift.i64(2, bytes)
      thrift.i64(3, rows)
    })
    return thrift.end()
  }
}

function writeChunk(thrift: ThriftWriter, chunk: Chunk, { name, type }: PlainColumn): void {
  thrift.i64(2, chunk.at)
  thrift.struct(3, () => {
    thrift.i32(1, TYPES[type].type)
    thrift.i32s(2, [PLAIN, RLE])
    thrift.texts(3, [name])
    thrift.i32(4, 0)
    thrift.i64(5, chunk.rows)
    thrift.i64(6, chunk.bytes)
    thrift.i64(7, chunk.bytes)
    thrift.i64(9, chunk.at)
  })
}

function pageHeader(rows: number, bytes: number): Uint8Array {
  const thrift = new ThriftWriter()
  thrift.i32(1, DATA_PAGE)
  thrift.i32(2, bytes)
  thrift.i32(3, bytes)
  thrift.struct(5, () => {
    thrift.i32(1, rows)
    thrift.i32(2, PLAIN)
    thrift.i32(3, RLE)
    thrift.i32(4, RLE)
  })
  return thrift.end()
}
