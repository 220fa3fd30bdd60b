import { expect, test } from 'vitest'
import { topicFindings } from './topic-findings.ts'

const topic = (name: string, records: number, declared = false, internal = false) => ({
  name,
  records,
  declared,
  internal,
})
const reader = (group: string, of: string) => ({
  group,
  members: [{ memberId: 'm', assignment: [{ topic: of, partition: 0 }] }],
  offsets: [],
})

test('S1.14, trap 1: records in game-events beside the declared game_events are named', () => {
  const findings = topicFindings([topic('game-events', 8), topic('game_events', 0, true)], [])
  expect(findings).toEqual([
    {
      check: 'topic game-events',
      ok: false,
      detail: 'unknown topic with 8 records, which no table takes',
      next: 'did you mean game_events?',
    },
  ])
})

test('S1.14: a reader of a topic that nobody writes to is named, with the topic that was meant', () => {
  const [finding] = topicFindings(
    [topic('game-events', 8), topic('game_events', 0)],
    [reader('pyspark', 'game_events')],
  )
  expect(finding?.next).toBe(
    'did you mean game_events? pyspark waits there, and it has no producer',
  )
  const [lonely] = topicFindings([topic('clicks', 0)], [reader('pyspark', 'clicks')])
  expect(lonely?.detail).toBe('no producer: pyspark reads it, and it is empty')
})

test('topics that are in order, internal or quite different are not named', () => {
  const topics = [
    topic('ratings', 10, true),
    topic('ratings.dead-letters', 2),
    topic('movies', 5),
    topic('__millrace-ratings', 3, false, true),
  ]
  expect(topicFindings(topics, [reader('g', 'movies')])).toEqual([])
  expect(topicFindings([topic('ratngs', 3), topic('ratings', 9, true)], [])).toHaveLength(1)
})
