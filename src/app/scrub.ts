/** The slow background reading of everything stored, so that rot is found while a backup still has the file. */
import type { Setting } from './start/setting.ts'
import { verifyStores, type StoredProblem, type Stores } from './verify-stores.ts'

export interface Scrub {
  /** What the last round found, in sentences. */
  warnings(): readonly string[]
}

export function startScrub(stores: Stores, { clock, limits, logger, closers }: Setting): Scrub {
  const { scrubBytesPerSecond, scrubPauseMs } = limits
  const stopping = new AbortController()
  let problems: readonly StoredProblem[] = []
  const pace = (bytes: number): Promise<void> =>
    clock.sleep((bytes / scrubBytesPerSecond) * 1_000, stopping.signal)

  const round = async (): Promise<void> => {
    const found = await verifyStores(stores, pace)
    const known = new Set(problems.map(({ file }) => file))
    for (const problem of found) {
      if (!known.has(problem.file)) logger.error({ ...problem }, 'A stored file is damaged.')
    }
    problems = found
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await clock.sleep(scrubPauseMs, stopping.signal)
      await round().catch((error: unknown) => {
        if (!stopping.signal.aborted) logger.warn({ err: error }, 'The scrub could not finish.')
      })
    }
  }
  // A stop ends the sleep with an error.
  const running = scrubBytesPerSecond > 0 ? run().catch(() => {}) : Promise.resolve()
  closers.add('scrub', async () => {
    stopping.abort()
    await running
  })
  return {
    warnings: () =>
      problems.map(({ name, file, problem }) => `${name}: ${file} is damaged, ${problem}`),
  }
}
