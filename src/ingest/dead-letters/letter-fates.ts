/** What became of the letters, followed from the topic that keeps it. */
import { readDeadLetter, type Clock, type LogRecord } from '../../core/index.ts'
import { followOwnTopic } from '../publish/own-topic.ts'
import type { LogAccess } from '../publish/sequence-recovery.ts'
import { FATES_TOPIC, fateRecord, readFate, readFateKey, type LetterFate } from './letter-record.ts'

export interface LetterFates {
  /** What others decided since the last look. */
  catchUp(): Promise<void>
  /** Undefined for an open letter. */
  of(topic: string, letter: LogRecord): LetterFate | undefined
  /** Durable when it resolves; undefined makes the letter open again. */
  decide(topic: string, letter: LogRecord, fate: LetterFate | undefined): Promise<void>
  count(topic: string, state: LetterFate['state']): number
}

export function followLetterFates(options: LogAccess & { readonly clock: Clock }): LetterFates {
  const fates = new Map<string, Map<number, LetterFate>>()
  const own = followOwnTopic(options, FATES_TOPIC, ({ key, value }) => {
    if (!key) return
    const { topic, offset } = readFateKey(key)
    const ofTopic = fates.get(topic) ?? new Map<number, LetterFate>()
    if (value) ofTopic.set(offset, readFate(value))
    else ofTopic.delete(offset)
    fates.set(topic, ofTopic)
  })
  return {
    catchUp: () => own.catchUp(),
    of(topic, { offset, headers }) {
      const fate = fates.get(topic)?.get(offset)
      return fate?.letterAt === readDeadLetter(headers)?.at ? fate : undefined
    },
    async decide(topic, { offset }, fate) {
      await own.append([fateRecord({ topic, offset }, fate, options.clock.now())])
      await own.catchUp()
    },
    count: (topic, state) =>
      [...(fates.get(topic)?.values() ?? [])].filter((fate) => fate.state === state).length,
  }
}
