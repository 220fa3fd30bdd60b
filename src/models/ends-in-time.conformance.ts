/** Guarantees M7 and N12: a fit hears its signal. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/**
 * CPU time of this thread, not wall-clock time, so that a busy machine and threads that help change nothing; where the system
 * does not tell it, that of the process.
 */
function cpuMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  }
}

const DELAY_MS = 30

/**
 * A signal comes in the middle of a large fit. A fit that never takes a turn off keeps the timer from firing and
 * overruns; one that ends before the signal has nothing to show and passes.
 */
export async function endsInTime(fit: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController()
  const reason = new Error('stopped in the middle')
  const start = cpuMs()
  let abortedAt: number | undefined
  const timer = setTimeout(() => {
    abortedAt = cpuMs()
    controller.abort(reason)
  }, DELAY_MS)
  const outcome = await fit(controller.signal).then(
    () => 'done' as const,
    (error: unknown) => error,
  )
  clearTimeout(timer)
  const end = cpuMs()
  if (abortedAt === undefined) {
    assert.equal(outcome, 'done')
    assert.ok(end - start <= DELAY_MS + 100, `heard nothing for ${end - start} ms`)
    return
  }
  assert.equal(outcome, reason)
  assert.ok(
    abortedAt - start <= DELAY_MS + 100,
    `the signal was kept off for ${abortedAt - start} ms`,
  )
  assert.ok(end - abortedAt <= 100, `fit went on for ${end - abortedAt} ms after its signal`)
}
