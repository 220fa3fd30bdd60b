/**
 * Folder names `column=value`, as Hive, Spark, DuckDB and Arrow read them. Letters of any script stay as they are; what is
 * special in a path is escaped as `%2F`. Values that no folder name can hold go where NULL goes: the column inside the file
 * has the exact value, so nothing is lost, and a reader that believes the folder sees NULL and never a wrong value.
 */
import type { Cell } from '../core/index.ts'

/** Hive's folder name for NULL; by its custom, and Spark's, also for the empty text. DuckDB takes the word for it too. */
const NO_VALUE = '__HIVE_DEFAULT_PARTITION__'
/** What a file system allows for one name. */
const MAX_NAME_BYTES = 255
/** Controls, and what Hive escapes; `+` because some readers take it for a space. */
// oxlint-disable-next-line no-control-regex
const SPECIAL = /[\u0000-\u001f\u007f"#%'*+/:=?\\{[\]^<>|]/g

/** A lone half of a surrogate pair has no UTF-8: every writer replaces it. */
const LONE_SURROGATE = /\p{Surrogate}/gu
/** Where a file system ignores case and forms of Unicode, two values must not share a folder: all but these are escaped. */
const IGNORES_CASE = process.platform === 'darwin'
const PLAIN = /[a-z0-9_.~-]/

/** One value a column, in the order of the columns. */
export function partitionFolder(
  names: readonly string[],
  values: readonly Cell[],
  ignoresCase: boolean = IGNORES_CASE,
): string {
  return names.map((name, index) => folderName(name, values[index] ?? null, ignoresCase)).join('/')
}

/** The folder of rows whose values have none of their own. */
export const commonFolder = (names: readonly string[]): string =>
  partitionFolder(
    names,
    names.map(() => null),
  )

function folderName(name: string, value: Cell, ignoresCase: boolean): string {
  if (value === null || value === '' || /^null$/i.test(String(value))) return `${name}=${NO_VALUE}`
  const text = String(value).replaceAll(LONE_SURROGATE, '\ufffd')
  const folder = `${name}=${ignoresCase ? escapeBytes(text) : escape(text)}`
  return Buffer.byteLength(folder) > MAX_NAME_BYTES ? `${name}=${NO_VALUE}` : folder
}

const escape = (text: string): string =>
  text.replaceAll(SPECIAL, (character) => hex(character.charCodeAt(0)))

const escapeBytes = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return PLAIN.test(character) ? character : hex(byte)
    })
    .join('')

const hex = (code: number): string => `%${code.toString(16).toUpperCase().padStart(2, '0')}`
