/**
 * Named places at which a test may stop the lake, as a power cut would: each lies between two steps of a commit or of a
 * compaction. In production there is none.
 */
export const commitSeams = [
  'temp-opened',
  'rows-written',
  'temp-synced',
  'renamed',
  'folder-synced',
  'manifest-written',
  'manifest-synced',
] as const

/** Of a table with partition columns; those of a file and of a folder come once for each. */
export const partitionedCommitSeams = ['folder-made', ...commitSeams] as const

export const compactionSeams = [
  'merged',
  'linked',
  'manifest-written',
  'manifest-synced',
  'switched',
] as const

export type Seam = (typeof partitionedCommitSeams)[number] | (typeof compactionSeams)[number]

export type Failpoint = (seam: Seam) => void | Promise<void>
