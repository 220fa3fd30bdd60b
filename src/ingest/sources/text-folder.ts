/** A data folder whose files are texts in memory: reference files of a generator, small tables of a test. */
import type { DataFile } from './data-file.ts'
import type { DataFolder } from './data-folder.ts'

export function textFolder(
  path: string,
  files: Readonly<Record<string, () => string>>,
): DataFolder {
  return {
    path,
    list: () => Promise.resolve(Object.keys(files).toSorted()),
    find: (...names) => {
      const name = names.find((one) => Object.hasOwn(files, one))
      const text = name === undefined ? undefined : files[name]
      return Promise.resolve(text && name !== undefined ? textFile(path, name, text()) : undefined)
    },
  }
}

function textFile(path: string, name: string, text: string): DataFile {
  const bytes = Buffer.from(text)
  return {
    name,
    path: `${path}/${name}`,
    sizeBytes: bytes.length,
    isPlain: false,
    async *read() {
      yield bytes
    },
  }
}
