/**
 * Topics whose names nearly meet: a producer writes to one, a table or a reader waits at the other. Creation on first use
 * hides such a slip, so `millrace doctor` looks for it.
 */
import type { GroupAnswer, TopicAnswer } from '../api/index.ts'
import { isDeadLetterTopic } from '../core/index.ts'

export interface TopicFinding {
  readonly check: string
  readonly ok: false
  readonly detail: string
  readonly next: string
}

export function topicFindings(
  topics: readonly Pick<TopicAnswer, 'name' | 'declared' | 'internal' | 'records'>[],
  groups: readonly Pick<GroupAnswer, 'group' | 'members' | 'offsets'>[],
): TopicFinding[] {
  const users = topics.filter(({ name, internal }) => !internal && !isDeadLetterTopic(name))
  const strays = users.filter(({ declared, records }) => !declared && records > 0)
  return users.flatMap((topic): TopicFinding[] => {
    const readers = groups.filter((group) => reads(group, topic.name)).map(({ group }) => group)
    const waits = topic.records === 0 && readers.length > 0
    const stray = strays.find(({ name }) => name !== topic.name && isNear(name, topic.name))
    if (stray && (topic.declared || waits)) {
      return [
        {
          check: `topic ${stray.name}`,
          ok: false,
          detail: `unknown topic with ${stray.records} ${stray.records === 1 ? 'record' : 'records'}, which ${topic.declared ? 'no table takes' : 'nobody waits for'}`,
          next: `did you mean ${topic.name}?${waits ? ` ${readers.join(', ')} waits there, and it has no producer` : ''}`,
        },
      ]
    }
    if (!waits || topic.declared) return []
    const next = `send something: millrace produce FILE --topic ${topic.name}`
    const detail = `no producer: ${readers.join(', ')} reads it, and it is empty`
    return [{ check: `topic ${topic.name}`, ok: false, detail, next }]
  })
}

const reads = ({ members, offsets }: Pick<GroupAnswer, 'members' | 'offsets'>, name: string) =>
  offsets.some(({ topic }) => topic === name) ||
  members.some(({ assignment }) => assignment.some(({ topic }) => topic === name))

/** Equal but for case, dots, dashes and underscores, or but for two letters in a name of six or more. */
function isNear(a: string, b: string): boolean {
  const [plainA = '', plainB = ''] = [a, b].map((name) => name.toLowerCase().replace(/[._-]/g, ''))
  if (plainA === plainB) return true
  return Math.min(plainA.length, plainB.length) >= 6 && editDistance(plainA, plainB) <= 2
}

/** Levenshtein 1966: the fewest letters to add, drop or change. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
