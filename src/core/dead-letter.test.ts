import { expect, test } from 'vitest'
import { deadLetterHeaders, readDeadLetter, type DeadLetter } from './index.ts'

test('a dead letter comes back from its headers as it was', () => {
  const letter: DeadLetter = {
    stage: 'sink',
    code: 'INGEST_INVALID_EVENT',
    reason: '/rating: expected a number',
    source: 'ratings',
    partition: 2,
    offset: 41,
    at: '2026-01-01T00:00:00.000Z',
  }
  const own = { key: 'ce_id', value: new TextEncoder().encode('7') }
  expect(readDeadLetter([...deadLetterHeaders(letter), own])).toEqual(letter)
})

test('a record without the headers is no dead letter', () => {
  expect(readDeadLetter([{ key: 'ce_id', value: null }])).toBeUndefined()
})
