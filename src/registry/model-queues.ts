/** Changes of one model run one after the other, those of different models beside each other. */
export interface ModelQueues {
  readonly serially: <T>(model: string, run: () => Promise<T>) => Promise<T>
  /** Resolves when what was queued at the time of the call has ended, well or badly. */
  readonly settled: () => Promise<void>
}

export function createModelQueues(): ModelQueues {
  const tails = new Map<string, Promise<unknown>>()
  return {
    serially(model, run) {
      const result = (tails.get(model) ?? Promise.resolve()).then(run, run)
      const tail = result.then(
        () => {},
        () => {},
      )
      tails.set(model, tail)
      void tail.then(() => {
        if (tails.get(model) === tail) tails.delete(model)
      })
      return result
    },
    async settled() {
      await Promise.all(tails.values())
    },
  }
}
