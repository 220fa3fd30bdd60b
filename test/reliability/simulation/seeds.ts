/** Seeds that once found something: what, and what was wrong. They always run. */
export interface KnownSeed {
  readonly seed: number
  readonly damage: boolean | undefined
  readonly found: string
}

export const KNOWN_SEEDS: readonly KnownSeed[] = [
  {
    seed: 1141,
    damage: true,
    found:
      'lost: a new segment whose folder sync failed stayed on disk and hid later batches of the old one',
  },
  {
    seed: 195,
    damage: false,
    found: 'lost: recovery used a segment whose name was not durable yet',
  },
  {
    seed: 6,
    damage: false,
    found: 'lost: the folders above a new data folder were never synced, a power cut took them all',
  },
  {
    seed: 11,
    damage: false,
    found: 'refused: an interrupted read counted as the end of the file (FORMAT seemed empty)',
  },
  {
    seed: 118,
    damage: false,
    found: 'lost: recovery used a segment whose name was not durable yet, in a compacted topic',
  },
  {
    seed: 22,
    damage: false,
    found: 'refused: compaction on a failing disk answered with a bare system error',
  },
  {
    seed: 4,
    damage: false,
    found: 'refused: deleting a topic on a failing disk answered with a bare system error',
  },
  {
    seed: 30,
    damage: false,
    found: 'refused: retention on a failing disk answered with a bare system error',
  },
  {
    seed: 1015,
    damage: true,
    found: 'unopenable: a flipped bit in the lock of a dead owner kept everybody out',
  },
  {
    seed: 9814,
    damage: undefined,
    found:
      'lost: a damaged header in the place of an exchanged last segment counted as an empty one, and nobody was told',
  },
  {
    seed: 9233,
    damage: undefined,
    found: 'phantom: a batch that a disk wrote over another partition was served as the next one',
  },
  {
    seed: 213,
    damage: undefined,
    found: 'phantom: as 9233, with an offset of the batch that it lay over',
  },
  {
    seed: 6003,
    damage: undefined,
    found:
      'lost: no fault of the log, the disk kept silent about harm in a file that came back when its removal was not durable',
  },
  {
    seed: 4686,
    damage: undefined,
    found:
      'lost: batches behind one that lost its header were cut with the torn tail behind them, and their offsets given again',
  },
  {
    seed: 40002,
    damage: undefined,
    found: 'phantom: an exchanged segment was served after a bit of its header flipped',
  },
  {
    seed: 102992,
    damage: undefined,
    found:
      'lost: an empty segment that a failing disk could not begin anew lost its name, and the mark of an orderly close hid that',
  },
  {
    seed: 102734,
    damage: undefined,
    found: 'lost: no fault of the log, a whole batch between two damaged ones is refused with them',
  },
  {
    seed: 203188,
    damage: undefined,
    found:
      'reordered: what retention had removed came back, for no later round made the failed sync of its folder good',
  },
]
