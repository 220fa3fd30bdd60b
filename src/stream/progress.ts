/** One place where a sink or stream says "something changed" and where callers wait for a condition, a failure or the end. */
import { streamError } from './errors.ts'

export interface Progress {
  /** Checks every waiting condition. */
  readonly changed: () => void
  /** Resolves when the condition holds; rejects with the sink's failure as long as it has one, or STREAM_CLOSED. */
  until(condition: () => boolean): Promise<void>
  /** Resolves when the condition holds, whatever fails meanwhile, or when the sink is closed. */
  when(condition: () => boolean): Promise<void>
  fail(part: Part, error: Error): void
  heal(part: Part): void
  failure(): Error | undefined
  close(): void
}

/** What may be failing: reading the topic or writing batches. */
export type Part = 'read' | 'write'

/** `what`: the sink or stream, as the subject of a sentence. */
export function createProgress(what: string): Progress {
  const waiting = new Set<() => void>()
  const failures = new Map<Part, Error>()
  let closed = false

  const failure = (): Error | undefined => failures.get('write') ?? failures.get('read')
  const changed = (): void => {
    for (const check of waiting) check()
  }

  return {
    changed,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const error = closed
            ? streamError('STREAM_CLOSED', `${what} is closed: start it again`)
            : failure()
          const isTrue = condition()
          if (!isTrue && !error) return
          waiting.delete(check)
          if (isTrue) resolve()
          else reject(error)
        }
        waiting.add(check)
        check()
      }),
    when: (condition) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!closed && !condition()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    fail(part, error) {
      failures.set(part, error)
      changed()
    },
    heal(part) {
      failures.delete(part)
      changed()
    },
    failure,
    close() {
      closed = true
      changed()
    },
  }
}
