import type { Clock } from '../../../../core/index.ts'

/** Runs `once` again and again, `periodMs` after it ended; the answer stops it. */
export function repeat(
  clock: Clock,
  periodMs: number,
  once: () => Promise<void>,
  { onError, after }: { onError: (error: unknown) => void; after: () => void },
): () => void {
  let isStopped = false
  let cancel = (): void => {}
  const run = async (): Promise<void> => {
    await once().catch((error: unknown) => {
      if (!isStopped) onError(error)
    })
    if (isStopped) return
    after()
    next()
  }
  const next = (): void => {
    cancel = clock.after(periodMs, () => void run())
  }
  next()
  return () => {
    isStopped = true
    cancel()
  }
}
