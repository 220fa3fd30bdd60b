/**
 * Messages as data: each API declares its request and response once, with the versions in which a field exists, and both
 * directions follow. Flexible versions (KIP-482) use compact lengths and end each structure with tagged fields.
 *
 * ```ts
 * const request = struct({ topics: array(struct({ name: string })), allowCreation: since(4, boolean, true) })
 * request.read(reader, { version: 9, flexible: true })
 * ```
 */
import { brokerError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

export interface MessageVersion {
  readonly version: number
  readonly flexible: boolean
}

export interface Type<T> {
  read(reader: ByteReader, version: MessageVersion): T
  write(writer: ByteWriter, value: T, version: MessageVersion): void
}

export type Value<Of> = Of extends Type<infer T> ? T : never

const primitive = <T>(
  read: (reader: ByteReader) => T,
  write: (writer: ByteWriter, value: T) => void,
): Type<T> => ({ read, write })

export const int8 = primitive((r) => r.int8(), (w, value: number) => w.int8(value)) // prettier-ignore
export const int16 = primitive((r) => r.int16(), (w, value: number) => w.int16(value)) // prettier-ignore
export const int32 = primitive((r) => r.int32(), (w, value: number) => w.int32(value)) // prettier-ignore
export const int64 = primitive((r) => r.int64(), (w, value: number) => w.int64(value)) // prettier-ignore
export const boolean = primitive((r) => r.boolean(), (w, value: boolean) => w.boolean(value)) // prettier-ignore
/** Topic and member ids: 16 bytes, as 32 hexadecimal digits. */
export const uuid = primitive((r) => r.uuid(), (w, value: string) => w.uuid(value)) // prettier-ignore

/** Length of a string, bytes or array; −1 is null. `width` is that of the inflexible form. */
function readLength(reader: ByteReader, version: MessageVersion, width: 2 | 4): number {
  if (version.flexible) return reader.uvarint() - 1
  return width === 2 ? reader.int16() : reader.int32()
}

function writeLength(
  writer: ByteWriter,
  length: number,
  version: MessageVersion,
  width: 2 | 4,
): void {
  if (version.flexible) writer.uvarint(length + 1)
  else if (width === 2) writer.int16(length)
  else writer.int32(length)
}

export const nullableString: Type<string | null> = {
  read(reader, version) {
    const length = readLength(reader, version, 2)
    return length < 0 ? null : reader.text(length)
  },
  write(writer, value, version) {
    if (value === null) return writeLength(writer, -1, version, 2)
    const bytes = ByteWriter.utf8(value)
    writeLength(writer, bytes.length, version, 2)
    writer.raw(bytes)
  },
}

export const nullableBytes: Type<Uint8Array | null> = {
  read(reader, version) {
    const length = readLength(reader, version, 4)
    return length < 0 ? null : reader.raw(length)
  },
  write(writer, value, version) {
    writeLength(writer, value === null ? -1 : value.length, version, 4)
    if (value !== null) writer.raw(value)
  },
}

/** Refuses null where the protocol has none. */
function required<T>(type: Type<T | null>, what: string): Type<T> {
  return {
    read(reader, version) {
      const value = type.read(reader, version)
      if (value === null) throw brokerError('BROKER_MALFORMED', `${what} must not be null`)
      return value
    },
    write: (writer, value, version) => type.write(writer, value, version),
  }
}

export const string = required(nullableString, 'a string')
export const bytes = required(nullableBytes, 'bytes')

export function nullableArray<T>(item: Type<T>): Type<readonly T[] | null> {
  return {
    read(reader, version) {
      const length = readLength(reader, version, 4)
      if (length < 0) return null
      reader.items(length)
      const items: T[] = []
      for (let i = 0; i < length; i += 1) items.push(item.read(reader, version))
      return items
    },
    write(writer, value, version) {
      writeLength(writer, value === null ? -1 : value.length, version, 4)
      for (const one of value ?? []) item.write(writer, one, version)
    },
  }
}

export const array = <T>(item: Type<T>): Type<readonly T[]> =>
  required(nullableArray(item), 'an array')

/** A field that exists in some versions only; elsewhere it reads as `otherwise` and is not written. */
export interface VersionedField<T> {
  readonly type: Type<T>
  readonly from: number
  readonly to: number
  readonly otherwise: T
}

export const since = <T>(from: number, type: Type<T>, otherwise: T): VersionedField<T> => ({
  type,
  from,
  to: Number.POSITIVE_INFINITY,
  otherwise,
})

export const between = <T>(
  from: number,
  to: number,
  type: Type<T>,
  otherwise: T,
): VersionedField<T> => ({
  type,
  from,
  to,
  otherwise,
})

type Field = Type<unknown> | VersionedField<unknown>
type FieldValue<F> = F extends VersionedField<infer T> ? T : F extends Type<infer T> ? T : never
type StructValue<Fields> = { readonly [Name in keyof Fields]: FieldValue<Fields[Name]> }

const isVersioned = (field: object): field is VersionedField<unknown> => 'otherwise' in field

export function struct<const Fields extends Readonly<Record<string, object>>>(
  fields: Fields,
): Type<StructValue<Fields>> {
  const entries = Object.entries(fields).map(([name, field]) => {
    const some = field as Field
    return isVersioned(some)
      ? { name, ...some }
      : { name, type: some, from: 0, to: Number.POSITIVE_INFINITY, otherwise: undefined }
  })
  return {
    read(reader, version) {
      const value: Record<string, unknown> = {}
      for (const { name, type, from, to, otherwise } of entries) {
        const exists = from <= version.version && version.version <= to
        value[name] = exists ? type.read(reader, version) : otherwise
      }
      if (version.flexible) skipTaggedFields(reader)
      return value as StructValue<Fields>
    },
    write(writer, value, version) {
      for (const { name, type, from, to } of entries) {
        if (version.version < from || version.version > to) continue
        type.write(writer, (value as Record<string, unknown>)[name], version)
      }
      if (version.flexible) writer.uvarint(0)
    },
  }
}

/** Tagged fields are optional by definition: we know none that change an answer of ours. */
export function skipTaggedFields(reader: ByteReader): void {
  const count = reader.uvarint()
  for (let i = 0; i < count; i += 1) {
    reader.uvarint()
    reader.raw(reader.uvarint())
  }
}
