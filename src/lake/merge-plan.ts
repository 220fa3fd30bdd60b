/** Which files become one. Only neighbours of a log partition and folder may: their ranges stay disjoint and ascend. */
import { dirname } from 'node:path'
import type { LakeFile } from './lake.ts'

export const DEFAULT_TARGET_BYTES = 128 * 1024 ** 2

/** So many neighbours of one size class become one file of the next: a row is written again about once a class. */
const TIER_FILES = 8
/** Files up to here are of the lowest class. */
const FIRST_TIER_BYTES = 64 * 1024

/**
 * Everything that may be merged, into files of at most `targetBytes`. Files of half the target or more are left alone:
 * otherwise every compaction would write the same big file again.
 */
export function planMerges(files: readonly LakeFile[], targetBytes: number): LakeFile[][] {
  return byPlace(files).flatMap((neighbours) => runsOf(neighbours, targetBytes))
}

/**
 * What is worth merging by itself: eight or more neighbours of one size class. Nothing when that would save fewer than
 * `minSaved` files, because each compaction links every file of the table again.
 */
export function planTiers(
  files: readonly LakeFile[],
  targetBytes: number,
  minSaved: number,
): LakeFile[][] {
  const groups = byPlace(files)
    .flatMap((neighbours) => classRunsOf(neighbours, targetBytes))
    .filter(({ length }) => length >= TIER_FILES)
    .flatMap((run) => runsOf(run, targetBytes))
  const saved = groups.reduce((sum, { length }) => sum + length - 1, 0)
  return saved >= minSaved ? groups : []
}

/** Neighbours: the files of one log partition in one folder, in their order. */
function byPlace(files: readonly LakeFile[]): LakeFile[][] {
  const places = new Map<string, LakeFile[]>()
  for (const file of files) {
    const place = `${file.partition}/${dirname(file.name)}`
    const neighbours = places.get(place)
    if (neighbours) neighbours.push(file)
    else places.set(place, [file])
  }
  return [...places.values()]
}

function runsOf(files: readonly LakeFile[], targetBytes: number): LakeFile[][] {
  const groups: LakeFile[][] = []
  let bytes = 0
  for (const file of files) {
    const group = groups.at(-1)
    if (group && file.bytes < targetBytes / 2 && bytes + file.bytes <= targetBytes) {
      group.push(file)
      bytes += file.bytes
    } else {
      groups.push([file])
      bytes = file.bytes < targetBytes / 2 ? file.bytes : Infinity
    }
  }
  return groups.filter((group) => group.length > 1)
}

function classRunsOf(files: readonly LakeFile[], targetBytes: number): LakeFile[][] {
  const runs: LakeFile[][] = []
  let before = Infinity
  for (const file of files) {
    const own = file.bytes < targetBytes / 2 ? sizeClass(file) : Infinity
    if (own === before && own !== Infinity) runs.at(-1)?.push(file)
    else runs.push([file])
    before = own
  }
  return runs
}

const sizeClass = ({ bytes }: LakeFile): number =>
  Math.max(0, Math.ceil(Math.log(bytes / FIRST_TIER_BYTES) / Math.log(TIER_FILES)))
