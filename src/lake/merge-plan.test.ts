import { expect, test } from 'vitest'
import type { LakeFile } from './lake.ts'
import { planMerges, planTiers } from './merge-plan.ts'

const MIB = 1024 ** 2
const TARGET = 128 * MIB

const filesOf = (sizes: readonly number[], folder = '', partition = 0): LakeFile[] =>
  sizes.map((bytes, index) => ({
    name: `${folder}f-${index}`,
    partition,
    first: index * 10,
    last: index * 10 + 9,
    rows: 10,
    bytes,
    sha256: '',
    batches: [index + 1, index + 1],
  }))

const small = (count: number): number[] => Array.from({ length: count }, () => 50_000)
const lengths = (groups: readonly (readonly LakeFile[])[]): number[] => groups.map((g) => g.length)

test('neighbours of one folder and log partition are merged, never across', () => {
  const files = [
    ...filesOf(small(3), 'day=1/'),
    ...filesOf(small(2), 'day=2/'),
    ...filesOf(small(4), 'day=1/', 1),
    ...filesOf(small(1), 'day=3/'),
  ]
  expect(lengths(planMerges(files, TARGET))).toEqual([3, 2, 4])
})

test('big files stay as they are, and no merged file is beyond the target', () => {
  const sizes = [10, 70, 10, 10, 60, 60, 60, 10].map((mib) => mib * MIB)
  expect(lengths(planMerges(filesOf(sizes), TARGET))).toEqual([3, 2])
})

test('by itself a table merges eight neighbours of one size, when that saves enough', () => {
  expect(planTiers(filesOf(small(64)), TARGET, 64)).toEqual([])
  expect(lengths(planTiers(filesOf(small(65)), TARGET, 64))).toEqual([65])
  expect(planTiers(filesOf(small(7)), TARGET, 1)).toEqual([])
  // One merged file before them: it waits until there are eight of its size.
  expect(lengths(planTiers(filesOf([MIB, ...small(8)]), TARGET, 7))).toEqual([8])
  expect(lengths(planTiers(filesOf(Array.from({ length: 8 }, () => MIB)), TARGET, 7))).toEqual([8])
})

test('a row is written again a few times, not at every compaction', () => {
  let files: LakeFile[] = []
  let written = 0
  let most = 0
  const batches = 5_000
  for (let batch = 1; batch <= batches; batch++) {
    const base = { partition: 0, first: batch * 10, last: batch * 10 + 9, rows: 10, sha256: '' }
    files.push({ ...base, name: `b-${batch}`, bytes: 50_000, batches: [batch, batch] })
    for (const group of planTiers(files, TARGET, 64)) {
      const bytes = group.reduce((sum, file) => sum + file.bytes, 0)
      written += bytes
      const [head] = group
      const merged = { ...head!, bytes, batches: [head!.batches[0], batch] as const }
      files = files.flatMap((file) =>
        file === head ? [merged] : group.includes(file) ? [] : [file],
      )
    }
    most = Math.max(most, files.length)
  }
  expect(most).toBeLessThan(120)
  expect(written / (batches * 50_000)).toBeLessThan(4)
})
