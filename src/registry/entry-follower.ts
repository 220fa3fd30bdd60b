/**
 * Reads `__millrace-registry` from its start and then follows it. The log is the only way into the state: a process' own
 * entries are applied when they come back, in the same order as everywhere.
 */
import { isMillraceError, type Clock, type Logger } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import { registryError } from './errors.ts'
import { createEntryDecoder, REGISTRY_TOPIC, type RegistryEntry } from './registry-records.ts'
import type { Applied } from './registry-state.ts'

/** Outcomes kept for callers that ask after their entry has already come back. */
const OUTCOMES_KEPT = 1_000
/** Between attempts to follow again after the log failed, milliseconds. */
const RETRY_MS = 500

export interface EntryFollower {
  /** What the entry that ends at this offset did, once it is applied. Rejects when following has ended. */
  applied(offset: number): Promise<Applied>
  close(): Promise<void>
}

interface Waiter {
  resolve(applied: Applied): void
  reject(error: unknown): void
}

export async function followEntries(options: {
  readonly log: Log
  readonly clock: Clock
  readonly logger: Logger
  readonly apply: (entry: RegistryEntry, offset: number) => Applied
}): Promise<EntryFollower> {
  const { log, clock, logger, apply } = options
  const stop = new AbortController()
  const decode = createEntryDecoder()
  const waiters = new Map<number, Waiter>()
  const outcomes = new Map<number, Applied>()
  let next = 0
  let ended: unknown

  const settle = (offset: number, applied: Applied): void => {
    waiters.get(offset)?.resolve(applied)
    waiters.delete(offset)
    outcomes.set(offset, applied)
    for (const oldest of outcomes.keys()) {
      if (outcomes.size <= OUTCOMES_KEPT) break
      outcomes.delete(oldest)
    }
  }

  const readFrom = async (follow: boolean): Promise<void> => {
    const read = { follow, signal: stop.signal }
    for await (const batch of log.read(REGISTRY_TOPIC, 0, next, read)) {
      for (const record of batch.records) {
        const decoded = decode(record)
        const applied =
          'entry' in decoded
            ? apply(decoded.entry, record.offset)
            : { ignored: 'foreign' in decoded ? decoded.foreign : 'its last part is missing' }
        next = record.offset + 1
        if ('ignored' in applied && !('part' in decoded)) {
          logger.warn(
            { topic: REGISTRY_TOPIC, offset: record.offset, reason: applied.ignored },
            'a record of the registry has no effect',
          )
        }
        settle(record.offset, applied)
      }
    }
  }

  const end = (error: unknown): void => {
    ended = error
    for (const waiter of waiters.values()) waiter.reject(error)
    waiters.clear()
  }

  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await readFrom(true)
        return
      } catch (error) {
        if (stop.signal.aborted) return
        if (!isMillraceError(error) || !error.retryable || error.code === 'LOG_CLOSED') throw error
        logger.warn(
          { topic: REGISTRY_TOPIC, err: error },
          'cannot follow the registry, trying again',
        )
        await clock.sleep(RETRY_MS, stop.signal)
      }
    }
  }

  await readFrom(false)
  const following = follow().then(
    () => end(registryError('REGISTRY_CLOSED', 'the registry is closed: open it again')),
    (error: unknown) => {
      if (!stop.signal.aborted) {
        logger.error({ topic: REGISTRY_TOPIC, err: error }, 'the registry is no longer followed')
      }
      end(error)
    },
  )

  return {
    applied: (offset) =>
      new Promise((resolve, reject) => {
        const outcome = outcomes.get(offset)
        if (outcome) resolve(outcome)
        else if (ended !== undefined) reject(ended)
        else waiters.set(offset, { resolve, reject })
      }),
    async close() {
      stop.abort(registryError('REGISTRY_CLOSED', 'the registry is closed: open it again'))
      await following
    },
  }
}
