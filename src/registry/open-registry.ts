/** Opens the registry: reads the log into the state, tidies the folder, publishes what a crash kept back, follows. */
import { silentMetrics, type Clock, type Logger, type Metrics } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import { decodeArtifact } from '../models/index.ts'
import { openArtifactStore, type ArtifactStore } from './artifact-store.ts'
import { followEntries } from './entry-follower.ts'
import type { RegistryStep } from './entry-writer.ts'
import { registryError } from './errors.ts'
import {
  createPromotionPublisher,
  readPointers,
  type PromotionPublisher,
} from './promotion-publisher.ts'
import { PROMOTIONS_TOPIC, REGISTRY_TOPIC, type RegistryEntry } from './registry-records.ts'
import {
  CHAMPION,
  createRegistryState,
  type Applied,
  type RegistryState,
} from './registry-state.ts'
import { createRegistryWriter } from './registry-writer.ts'
import type { HistoryEntry, Registry } from './registry.ts'

export interface RegistryOptions {
  /** Folder of the artifacts. */
  readonly dir: string
  readonly log: Log
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics?: Metrics
  /**
   * `owner` (default) stores artifacts, tidies the folder and publishes promotions: one process per folder. A `follower`
   * reads, promotes and rolls back.
   */
  readonly role?: 'owner' | 'follower'
  /** For tests of crashes: called after each durable step; what it throws ends the call there. */
  readonly failpoint?: (step: RegistryStep) => void | Promise<void>
}

/** Throws REGISTRY_FORMAT_NEWER, LOG_CORRUPT. */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { dir, log, clock, logger, metrics = silentMetrics, role = 'owner' } = options
  const state = createRegistryState()
  const store = openArtifactStore(dir)
  const { notify, onChange, forgetAll } = createListeners(logger)
  let publisher: PromotionPublisher | undefined

  const apply = (entry: RegistryEntry, offset: number): Applied => {
    const applied = state.apply(entry, offset)
    if (!('entry' in applied)) return applied
    if (entry.type === 'change') {
      const key = `${entry.model}/${entry.alias}`
      const removed = entry.action === 'alias-removed'
      publisher?.publish(key, removed ? undefined : { version: entry.version, entry: offset })
    }
    if (applied.champion) notify(applied.entry.model)
    return applied
  }

  await createTopics(log)
  const follower = await followEntries({ log, clock, logger, apply })
  if (role === 'owner') {
    const notes = await store.sweep((model) => state.versions(model).length)
    for (const note of notes) logger.warn({ dir }, note)
    publisher = createPromotionPublisher(log, clock, logger)
    await publishMissing(log, state, publisher)
  }
  const { close, ...writer } = createRegistryWriter({
    log,
    clock,
    logger,
    metrics,
    state,
    store,
    follower,
    publisher,
    notify,
    failpoint: options.failpoint ?? (() => {}),
  })
  return {
    ...writer,
    ...readers(state, store),
    onChange,
    async close() {
      forgetAll()
      await close()
      await publisher?.settled()
      await follower.close()
    },
  }
}

type Readers = Pick<
  Registry,
  'models' | 'versions' | 'version' | 'history' | 'readArtifact' | 'missing' | 'servedAt'
>

const readers = (state: RegistryState, store: ArtifactStore): Readers => ({
  models: () => state.models(),
  versions: (model) => state.versions(model),
  version: (model, ref) => state.version(model, ref),
  history: (model) => state.history(model),
  async readArtifact(model, version) {
    const record = state.version(model, version)
    const files = await store.read(record)
    try {
      return decodeArtifact(files)
    } catch (cause) {
      throw registryError(
        'REGISTRY_CORRUPT',
        `${model}@${version} matches its digest but is no model: ${(cause as Error).message}`,
        { details: { model, version }, cause },
      )
    }
  },
  missing: () =>
    state
      .models()
      .flatMap(({ name }) => state.versions(name))
      .filter(({ model, version }) => !store.has(model, version)),
  servedAt: (model, atMs) => servedAt(state.history(model), atMs),
})

interface Listeners {
  readonly notify: (model: string) => void
  readonly onChange: Registry['onChange']
  readonly forgetAll: () => void
}

/** A listener that fails neither stops the others nor the state. */
function createListeners(logger: Logger): Listeners {
  const listeners = new Set<(model: string) => void>()
  return {
    notify(model) {
      for (const listener of listeners) {
        try {
          listener(model)
        } catch (error) {
          logger.error({ model, err: error }, 'a listener of the registry failed')
        }
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    forgetAll: () => listeners.clear(),
  }
}

async function createTopics(log: Log): Promise<void> {
  await log.createTopic({
    name: REGISTRY_TOPIC,
    partitions: 1,
    config: { cleanup: 'delete', retentionMs: -1, retentionBytes: -1 },
  })
  await log.createTopic({ name: PROMOTIONS_TOPIC, partitions: 1, config: { cleanup: 'compact' } })
}

/** A crash between an entry and its pointer leaves the topic behind the state: the difference is published. */
async function publishMissing(
  log: Log,
  state: RegistryState,
  publisher: PromotionPublisher,
): Promise<void> {
  const wanted = state.pointers()
  const published = await readPointers(log)
  for (const [key, pointer] of wanted) {
    if (published.get(key)?.entry !== pointer.entry) publisher.publish(key, pointer)
  }
  for (const key of published.keys()) if (!wanted.has(key)) publisher.publish(key, undefined)
  await publisher.settled()
}

/** The last change up to that moment, in the order of the log: the clock may have been set back in between. */
function servedAt(history: readonly HistoryEntry[], atMs: number): number | undefined {
  return history.findLast(({ alias, at }) => alias === CHAMPION && Date.parse(at) <= atMs)?.version
}
