import type { BatchAnswer } from '../api/index.ts'

/** `0:0-999 1:0-499`: partition and offsets of a batch. */
export const rangesText = (ranges: BatchAnswer['ranges']): string =>
  ranges.map(({ partition, first, last }) => `${partition}:${first}-${last}`).join(' ')
