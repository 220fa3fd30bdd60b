/**
 * What is known of a table's files: those whose bytes were compared with their digest, and those that failed. A file that
 * was found damaged is never handed out again, whoever found it: a reader, the scrub, the doctor.
 */
import { stat } from 'node:fs/promises'
import { digestFile, type Pace } from './durable-files.ts'
import { lakeError } from './errors.ts'
import type { FileProblem, LakeFile, TableSnapshot } from './lake.ts'

export interface Integrity {
  /** Files that this process wrote and read back. */
  trust(files: readonly LakeFile[]): void
  /**
   * Compares what was not compared yet, sizes only of a table of more than `mostBytes`. Throws LAKE_CORRUPT, which names the
   * first damaged file.
   */
  check(snapshot: TableSnapshot, mostBytes: number): Promise<void>
  /** Compares every file again. A file that compaction removed meanwhile is no problem. */
  verify(
    snapshot: TableSnapshot,
    isCurrent: (file: LakeFile) => boolean,
    pace?: Pace,
  ): Promise<readonly FileProblem[]>
}

export function createIntegrity(table: string): Integrity {
  const sound = new Set<string>()
  const damaged = new Map<string, string>()
  const running = new Map<string, Promise<string | undefined>>()
  const keyOf = ({ name, sha256 }: LakeFile): string => `${sha256} ${name}`

  const compare = async (
    file: LakeFile,
    path: string,
    pace?: Pace,
  ): Promise<string | undefined> => {
    const problem = await problemOf(file, path, pace)
    if (problem === undefined) {
      sound.add(keyOf(file))
      damaged.delete(keyOf(file))
    } else {
      sound.delete(keyOf(file))
      damaged.set(keyOf(file), problem)
    }
    return problem
  }
  /** Several queries of one moment wait for one reading. */
  const once = (file: LakeFile, path: string): Promise<string | undefined> => {
    const key = keyOf(file)
    const known = running.get(key) ?? compare(file, path).finally(() => running.delete(key))
    running.set(key, known)
    return known
  }

  return {
    trust(files) {
      for (const file of files) sound.add(keyOf(file))
    },
    async check(snapshot, mostBytes) {
      const isBig = snapshot.bytes > mostBytes
      for (const file of snapshot.files) {
        const key = keyOf(file)
        if (sound.has(key)) continue
        const path = snapshot.path(file)
        const problem =
          damaged.get(key) ?? (isBig ? await sizeProblem(file, path) : await once(file, path))
        if (problem !== undefined) throw corruptFile(table, file.name, problem)
      }
    },
    async verify(snapshot, isCurrent, pace) {
      const problems: FileProblem[] = []
      for (const file of snapshot.files) {
        const problem = await compare(file, snapshot.path(file), pace)
        if (problem === undefined) continue
        if (isCurrent(file)) problems.push({ file: file.name, problem })
        else damaged.delete(keyOf(file))
      }
      return problems
    },
  }
}

export const corruptFile = (table: string, file: string, problem: string): Error =>
  lakeError(
    'LAKE_CORRUPT',
    `file ${file} of table "${table}" is not used, ${problem}: restore it, or stop and delete the table's folder, which is written anew from the log`,
    { details: { table, file } },
  )

/** What is wrong with a file's bytes; undefined when they are what was written. */
export async function problemOf(
  file: LakeFile,
  path: string,
  pace?: Pace,
): Promise<string | undefined> {
  try {
    if ((await digestFile(path, pace)) === file.sha256) return undefined
    return 'its bytes do not match the digest of the manifest'
  } catch (error) {
    return unreadable(error)
  }
}

async function sizeProblem(file: LakeFile, path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    return size === file.bytes
      ? undefined
      : `it has ${size} bytes and was written with ${file.bytes}`
  } catch (error) {
    return unreadable(error)
  }
}

function unreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'it is missing' : `it cannot be read (${code ?? String(error)})`
}
