/** Which files are too old or too many. Whole batches go, oldest first, so what is left is without a gap. */
import type { LakeFile, Maintenance } from './lake.ts'

/** Never a file of the newest batch, whose number tells where the table ends. */
export function expiredFiles(
  files: readonly LakeFile[],
  lastBatch: number,
  { retainMs, retainBytes }: Maintenance,
  now: number,
): LakeFile[] {
  let excess =
    files.reduce((sum, { bytes }) => sum + bytes, 0) - (retainBytes ?? Number.POSITIVE_INFINITY)
  const isOld = ({ newest }: LakeFile): boolean =>
    retainMs !== undefined && newest !== undefined && newest < now - retainMs
  const gone: LakeFile[] = []
  for (const group of inBatches(files)) {
    if (group.some(({ batches }) => batches[1] >= lastBatch)) break
    if (excess <= 0 && !group.every(isOld)) break
    for (const file of group) excess -= file.bytes
    gone.push(...group)
  }
  return gone
}

/** Smallest groups of files that no batch reaches out of, oldest first. */
function inBatches(files: readonly LakeFile[]): LakeFile[][] {
  const groups: LakeFile[][] = []
  let last = 0
  for (const file of files.toSorted((a, b) => a.batches[0] - b.batches[0])) {
    const group = groups.at(-1)
    if (group && file.batches[0] <= last) group.push(file)
    else groups.push([file])
    last = Math.max(last, file.batches[1])
  }
  return groups
}
