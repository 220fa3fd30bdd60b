/**
 * Position n of a sequence is stored once (I5), also when the process ends at any instruction.
 *
 * Two things know what was stored. The records themselves carry sequence and position as headers: they are the truth. A
 * progress record says, now and then, "these positions were stored when the topic ended at these offsets", so that after
 * a start only the records behind those offsets are read. The order makes it safe:
 *
 * 1. a new sequence first writes a progress record with no positions and the topic's ends: whatever is stored lies behind it;
 * 2. events are appended; when the append resolves, their positions are settled in memory;
 * 3. after `CHECKPOINT_EVENTS` positions or `CHECKPOINT_MS`, and at the end, a progress record is written. No append of the
 *    sequence is under way then (calls of one sequence go one by one), so every settled record lies before its ends.
 *
 * An append that fails may have stored a part: the state is thrown away and read again from the log.
 */
import type { Clock, Logger } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { PositionSet } from './position-set.ts'
import {
  progressRecord,
  SEQUENCE_TOPIC,
  sequenceKey,
  type SequenceProgress,
} from './sequence-record.ts'
import { endsOf, readAllProgress, recoverPositions, type LogAccess } from './sequence-recovery.ts'

/** What a start has to read again at most, in events and in time. */
const CHECKPOINT_EVENTS = 10_000
const CHECKPOINT_MS = 2_000

export interface SequenceState {
  readonly stored: PositionSet
  fingerprint: string | undefined
  /** Positions settled since the last progress record. */
  unwritten: number
}

export interface SequenceStore {
  /** Runs `use` alone on the sequence; a failure in it makes the next call read the state from the log again. */
  exclusive<Result>(
    topic: string,
    sequence: string,
    use: (state: SequenceState) => Promise<Result>,
  ): Promise<Result>
  /** The highest stored position, 0 when there is none. Writes nothing. */
  lastPosition(topic: string, sequence: string): Promise<number>
  /** Throws INGEST_SOURCE_CHANGED when positions of another content are stored. */
  bind(topic: string, sequence: string, fingerprint: string): Promise<void>
  /** Writes the progress of one sequence now. */
  checkpoint(topic: string, sequence: string): Promise<void>
  /** Writes what is unwritten. */
  close(): Promise<void>
}

interface Deps extends LogAccess {
  readonly clock: Clock
  readonly logger: Logger
}

interface Entry {
  state: SequenceState | undefined
  tail: Promise<unknown>
  cancelTimer: (() => void) | undefined
}

export function createSequenceStore(deps: Deps): SequenceStore {
  const entries = new Map<string, Entry>()
  let saved: Promise<Map<string, SequenceProgress>> | undefined

  const entryOf = (key: string): Entry => {
    const entry = entries.get(key) ?? {
      state: undefined,
      tail: Promise.resolve(),
      cancelTimer: undefined,
    }
    entries.set(key, entry)
    return entry
  }

  const alone = <Result>(entry: Entry, run: () => Promise<Result>): Promise<Result> => {
    const result = entry.tail.then(run)
    entry.tail = result.catch(() => {})
    return result
  }

  const write = async (topic: string, sequence: string, entry: Entry): Promise<void> => {
    const { state } = entry
    if (!state || state.unwritten === 0) return
    entry.cancelTimer?.()
    entry.cancelTimer = undefined
    const progress = {
      topic,
      sequence,
      ...(state.fingerprint === undefined ? {} : { fingerprint: state.fingerprint }),
      stored: state.stored.runs,
      ends: await endsOf(deps, topic),
    }
    await deps.log.append(SEQUENCE_TOPIC, [progressRecord(progress, deps.clock.now())])
    const all = await saved
    all?.set(sequenceKey(topic, sequence), progress)
    state.unwritten = 0
  }

  /** False when the topic ends before what is known of the sequence was stored: it is another one of that name. */
  const isAsKnown = async (topic: string, sequence: string): Promise<boolean> => {
    const known = (await saved)?.get(sequenceKey(topic, sequence))?.ends[topic]
    if (known === undefined) return true
    const ends = (await endsOf(deps, topic))[topic] ?? []
    return known.every((end, partition) => end <= (ends[partition] ?? 0))
  }

  const open = async (topic: string, sequence: string): Promise<SequenceState> => {
    saved ??= readAllProgress(deps)
    const all = await saved.catch((error: unknown) => {
      saved = undefined
      throw error
    })
    const progress = all.get(sequenceKey(topic, sequence))
    const stored = progress ? await recoverPositions(deps, progress) : undefined
    return { stored: stored ?? new PositionSet(), fingerprint: progress?.fingerprint, unwritten: 0 }
  }

  const settle = async (topic: string, sequence: string, entry: Entry): Promise<void> => {
    const { state } = entry
    if (!state || state.unwritten === 0) return
    if (state.unwritten >= CHECKPOINT_EVENTS) await write(topic, sequence, entry)
    else {
      entry.cancelTimer ??= deps.clock.after(CHECKPOINT_MS, () => {
        entry.cancelTimer = undefined
        alone(entry, () => write(topic, sequence, entry)).catch((error: unknown) => {
          deps.logger.warn({ topic, sequence, error }, 'progress of a sequence not written')
        })
      })
    }
  }

  const store: SequenceStore = {
    exclusive(topic, sequence, use) {
      const entry = entryOf(sequenceKey(topic, sequence))
      return alone(entry, async () => {
        const isNew = entry.state === undefined
        entry.state ??= await open(topic, sequence)
        if (isNew && entry.state.stored.last === 0) {
          entry.state.unwritten = 1
          await write(topic, sequence, entry)
        }
        try {
          const result = await use(entry.state)
          await settle(topic, sequence, entry)
          return result
        } catch (error) {
          entry.state = undefined
          throw error
        }
      })
    },
    lastPosition(topic, sequence) {
      const entry = entryOf(sequenceKey(topic, sequence))
      return alone(entry, async () => {
        // Read again: the topic may have been deleted since, and made anew.
        if (!(await isAsKnown(topic, sequence))) entry.state = undefined
        return (entry.state ?? (await open(topic, sequence))).stored.last
      })
    },
    bind: (topic, sequence, fingerprint) =>
      store.exclusive(topic, sequence, (state) => {
        if (state.fingerprint !== undefined && state.fingerprint !== fingerprint) {
          throw sourceChanged(topic, sequence, state.stored.complete)
        }
        if (state.fingerprint === undefined) {
          state.fingerprint = fingerprint
          state.unwritten++
        }
        return write(topic, sequence, entryOf(sequenceKey(topic, sequence)))
      }),
    checkpoint(topic, sequence) {
      const entry = entryOf(sequenceKey(topic, sequence))
      return alone(entry, () => write(topic, sequence, entry))
    },
    async close() {
      for (const [key, entry] of entries) {
        entry.cancelTimer?.()
        const [topic = '', sequence = ''] = JSON.parse(key) as string[]
        await alone(entry, () => write(topic, sequence, entry))
      }
    },
  }
  return store
}

const sourceChanged = (topic: string, sequence: string, complete: number): Error =>
  ingestError(
    'INGEST_SOURCE_CHANGED',
    `${sequence} is not the content of which ${complete} rows are stored in topic ${topic}: replay the file as it was, give it another name, or reset the topic`,
    { details: { topic, sequence, stored: complete } },
  )
