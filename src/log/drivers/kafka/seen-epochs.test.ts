import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { NO_EPOCH, SeenEpochs } from './seen-epochs.ts'

const epochs = (seen: SeenEpochs, offsets: readonly number[]): number[] =>
  offsets.map((offset) => seen.before(offset))

describe('epochs of what was read', () => {
  it('are those of the record before a place', () => {
    const seen = new SeenEpochs()
    assert.equal(seen.before(0), NO_EPOCH)
    seen.note(0, 10, 20)
    seen.note(0, 20, 30)
    seen.note(2, 30, 31)
    assert.deepEqual(epochs(seen, [10, 11, 20, 30, 31, 32]), [NO_EPOCH, 0, 0, 0, 2, NO_EPOCH])
  })

  it('stay known when something is read again, and change when it is other records', () => {
    const seen = new SeenEpochs()
    seen.note(0, 0, 100)
    seen.note(0, 20, 40)
    assert.equal(seen.before(100), 0)
    seen.note(3, 60, 70)
    assert.deepEqual(epochs(seen, [60, 61, 70, 71, 100]), [0, 3, 3, NO_EPOCH, NO_EPOCH])
  })

  it('are not guessed over a gap', () => {
    const seen = new SeenEpochs()
    seen.note(0, 0, 10)
    seen.note(1, 50, 60)
    assert.deepEqual(epochs(seen, [5, 10, 50, 60]), [NO_EPOCH, NO_EPOCH, NO_EPOCH, 1])
  })

  it('are bounded in number', () => {
    const seen = new SeenEpochs()
    for (let epoch = 0; epoch < 1_000; epoch++) seen.note(epoch, epoch, epoch + 1)
    assert.deepEqual(epochs(seen, [1, 900, 901, 1_000]), [NO_EPOCH, NO_EPOCH, 900, 999])
  })
})
