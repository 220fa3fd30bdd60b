/**
 * Puts one new segment file in the place of several adjacent ones, so that a crash at any step is finished by the next
 * open:
 *
 * 1. the new segment is complete and synced under a temporary name;
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

/**
 * Steps 2 to 4. The new segment lies synced under `compactedPath(folder, bases[0])`. When it rejects, the segments are
 * the old ones, unless the disk refuses even to finish what is half done; then the next open does.
 */
export async function replaceFiles(
  storage: Storage,
  folder: string,
  bases: readonly number[],
): Promise<void> {
  const intent: Intent = { bases }
  try {
    await writeDurableFile(storage, join(folder, INTENT), intent)
    await carryOut(storage, folder, intent)
  } catch (error) {
    if (!(await finishReplacement(storage, folder))) throw error
  }
}

/** Finishes what was interrupted and removes temporary files. True when there was something to finish. */
export async function finishReplacement(storage: Storage, folder: string): Promise<boolean> {
  const intent = (await readDurableFile(storage, join(folder, INTENT))) as Intent | undefined
  if (intent !== undefined) await carryOut(storage, folder, intent)
  for (const name of await storage.list(folder)) {
    if (name.endsWith(COMPACTED_SUFFIX) || name.endsWith(TEMPORARY_SUFFIX)) {
      await unlinkIfThere(storage, join(folder, name))
    }
  }
  return intent !== undefined
}

async function carryOut(storage: Storage, folder: string, { bases }: Intent): Promise<void> {
  const [first, ...others] = bases
  if (first === undefined) return
  const file = (base: number, suffix: string): string => join(folder, segmentName(base) + suffix)
  for (const base of bases) await unlinkIfThere(storage, file(base, INDEX_SUFFIX))
  await renameIfThere(storage, compactedPath(folder, first), file(first, LOG_SUFFIX))
  for (const base of others) await unlinkIfThere(storage, file(base, LOG_SUFFIX))
  await storage.syncDir(folder)
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
