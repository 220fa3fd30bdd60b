/** Changes of one model run one after the other, those of different models beside each other. */
import { registryError } from './errors.ts'

export interface ModelQueues {
  /** Throws REGISTRY_CLOSED after `close`. */
  readonly serially: <T>(model: string, run: () => Promise<T>) => Promise<T>
  /** Resolves when everything that was queued has ended, well or badly. */
  readonly close: () => Promise<void>
}

export function createModelQueues(): ModelQueues {
  const tails = new Map<string, Promise<unknown>>()
  let isClosed = false
  return {
    serially(model, run) {
      if (isClosed) {
        const message = `nothing can change "${model}" any more: the registry is closed`
        return Promise.reject(registryError('REGISTRY_CLOSED', message))
      }
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
    async close() {
      isClosed = true
      await Promise.all(tails.values())
    },
  }
}
