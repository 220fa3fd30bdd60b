/**
 * Puts one new segment file in the place of several adjacent ones, so that a crash at any step is finished by the next
 * open:
 *
 * 1. the new segment is complete and synced under a temporary name, and the folder is synced;
 * 2. the intent (which segments, which file) is durable in `replacement.json`: from here on it happens;
 * 3. old indexes and the segments after the first are removed, the temporary file takes the first one's name;
 * 4. the folder is synced and the intent removed.
 *
 * Before step 2 the temporary file is garbage; after it, steps 3 and 4 can be repeated as often as needed.
 */
import { join } from 'node:path'
import { readDurableFile, TEMPORARY_SUFFIX, writeDurableFile } from '../folder/durable-file.ts'
import { INDEX_SUFFIX, LOG_SUFFIX, segmentName } from './segment.ts'
import { storageCode, unlinkIfThere, type Storage } from '../storage.ts'

const INTENT = 'replacement.json'
const COMPACTED_SUFFIX = '.compacted'

interface Intent {
  /** Base offsets of the segments that go; the new one takes the first one's name. */
  readonly bases: readonly number[]
}

export const compactedPath = (folder: string, base: number): string =>
  join(folder, segmentName(base) + COMPACTED_SUFFIX)

/** One replacement in a running log; `finish` can be tried again for as long as it fails. */
export class Replacement {
  readonly bases: readonly number[]
  readonly #storage: Storage
  readonly #folder: string
  #isMoved = false

  /** The new segment lies synced under `compactedPath(folder, bases[0])`. */
  constructor(storage: Storage, folder: string, bases: readonly number[]) {
    this.#storage = storage
    this.#folder = folder
    this.bases = bases
  }

  /** Step 2, after the temporary name is durable: an intent without its file would only remove segments. */
  async begin(): Promise<void> {
    await this.#storage.syncDir(this.#folder)
    await writeDurableFile(this.#storage, join(this.#folder, INTENT), { bases: this.bases })
  }

  /** Asks the disk, after a `begin` that failed. */
  async isBegun(): Promise<boolean> {
    return this.#isMoved || (await readIntent(this.#storage, this.#folder)) !== undefined
  }

  async finish(): Promise<void> {
    if (!this.#isMoved) await moveFiles(this.#storage, this.#folder, this.bases)
    this.#isMoved = true
    // An intent that stays is carried out again, which changes nothing, before the next file of this name is written.
    await forgetIntent(this.#storage, this.#folder).catch(() => {})
  }
}

/**
 * Finishes what was interrupted, removes temporary files, and makes that durable: an intent that came back after a power
 * cut would take the next unfinished file for its own.
 */
export async function finishReplacement(storage: Storage, folder: string): Promise<void> {
  const intent = await readIntent(storage, folder)
  if (intent !== undefined) {
    await moveFiles(storage, folder, intent.bases)
    await forgetIntent(storage, folder)
  }
  for (const name of await storage.list(folder)) {
    if (name.endsWith(COMPACTED_SUFFIX) || name.endsWith(TEMPORARY_SUFFIX)) {
      await unlinkIfThere(storage, join(folder, name))
    }
  }
}

async function readIntent(storage: Storage, folder: string): Promise<Intent | undefined> {
  return (await readDurableFile(storage, join(folder, INTENT))) as Intent | undefined
}

async function moveFiles(
  storage: Storage,
  folder: string,
  bases: readonly number[],
): Promise<void> {
  const [first, ...others] = bases
  if (first === undefined) return
  const file = (base: number, suffix: string): string => join(folder, segmentName(base) + suffix)
  for (const base of bases) await unlinkIfThere(storage, file(base, INDEX_SUFFIX))
  await renameIfThere(storage, compactedPath(folder, first), file(first, LOG_SUFFIX))
  for (const base of others) await unlinkIfThere(storage, file(base, LOG_SUFFIX))
  await storage.syncDir(folder)
}

async function forgetIntent(storage: Storage, folder: string): Promise<void> {
  await unlinkIfThere(storage, join(folder, INTENT))
  await storage.syncDir(folder)
}

async function renameIfThere(storage: Storage, from: string, to: string): Promise<void> {
  try {
    await storage.rename(from, to)
  } catch (error) {
    if (storageCode(error) !== 'ENOENT') throw error
  }
}
