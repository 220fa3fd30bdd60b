/** Versions that were promoted or asked for by number: the most recently used stay, bounded by count and by bytes. */
import type { Loaded } from './champion-slot.ts'

export interface CacheLimits {
  /** Most versions. */
  readonly versions: number
  /** Most bytes of artifacts, which is about their size in memory. */
  readonly bytes: number
}

export interface VersionCache<Model extends Loaded> {
  /** Loads at most once at a time for each version; a failure is not kept. */
  get(key: string, load: () => Promise<Model>): Promise<Model>
}

export function createVersionCache<Model extends Loaded>(limits: CacheLimits): VersionCache<Model> {
  const held = new Map<string, Model>()
  const loading = new Map<string, Promise<Model>>()
  let bytes = 0

  const drop = (key: string): void => {
    bytes -= held.get(key)?.record.bytes ?? 0
    held.delete(key)
  }
  const put = (key: string, model: Model): void => {
    drop(key)
    held.set(key, model)
    bytes += model.record.bytes
    for (const oldest of held.keys()) {
      if (held.size <= limits.versions && bytes <= limits.bytes) break
      drop(oldest)
    }
  }
  return {
    get(key, load) {
      const model = held.get(key)
      if (model) {
        held.delete(key)
        held.set(key, model)
        return Promise.resolve(model)
      }
      const underWay = loading.get(key)
      if (underWay) return underWay
      const started = load()
        .then((loaded) => {
          put(key, loaded)
          return loaded
        })
        .finally(() => loading.delete(key))
      loading.set(key, started)
      return started
    },
  }
}
