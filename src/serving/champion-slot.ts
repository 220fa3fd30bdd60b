/**
 * The live version of one model. A promotion loads the new version beside the old one, then swaps one reference; requests
 * that have begun keep theirs. A version that cannot be loaded leaves the old one (V3).
 */
import type { Clock } from '../core/index.ts'
import type { ModelVersion, Registry } from '../registry/index.ts'

/** What a slot needs to know of what it holds. */
export interface Loaded {
  readonly record: ModelVersion
}

export interface ChampionSlot<Model extends Loaded> {
  current(): Model | undefined
  /** Why the promoted version does not serve. */
  problem(): string | undefined
  /** Looks again at what is promoted. */
  refresh(): void
  /** Resolves when what was promoted is loaded, or found to be unusable. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** A version that could not be loaded is tried again: the disk may heal, another process may put the artifact back. */
const RETRY_FIRST_MS = 2_000
const RETRY_MAX_MS = 60_000

export interface SlotOptions<Model extends Loaded> {
  readonly registry: Registry
  readonly model: string
  readonly load: (record: ModelVersion) => Promise<Model>
  /** Called when `next` answers already. The next swap waits for what it resolves to, answers do not. */
  readonly onSwap: (next: Model, before: Model | undefined) => void | Promise<void>
  /** Called once for each problem, not again while it stays. */
  readonly onProblem: (problem: string) => void
  readonly clock: Clock
}

export function createChampionSlot<Model extends Loaded>(
  options: SlotOptions<Model>,
): ChampionSlot<Model> {
  const { registry, model, load, onSwap } = options
  let current: Model | undefined
  let problem: string | undefined
  let tail = Promise.resolve()
  let isClosed = false
  let retryMs = RETRY_FIRST_MS
  let cancelRetry: (() => void) | undefined

  const swap = async (next: Model): Promise<void> => {
    const before = current
    current = next
    await onSwap(next, before)
  }
  const step = async (): Promise<void> => {
    cancelRetry?.()
    if (isClosed) return
    const wanted = championOf(registry, model)
    if (!wanted) return
    let next: Model | undefined
    if (current?.record.version !== wanted.version) {
      next = await load(wanted).catch((error: unknown) => fallBack(wanted, error))
      if (!next) return
    }
    problem = undefined
    retryMs = RETRY_FIRST_MS
    if (next) await swap(next)
  }
  const fallBack = async (wanted: ModelVersion, error: unknown): Promise<undefined> => {
    const usable = current ?? (await firstUsable(earlierVersions(registry, wanted), load))
    if (usable && !current) await swap(usable)
    const instead = usable
      ? `version ${usable.record.version} serves instead`
      : 'no other version can serve'
    const text = `version ${wanted.version} is promoted but cannot serve, ${instead}: ${(error as Error).message}`
    if (text !== problem) options.onProblem(text)
    problem = text
    cancelRetry = options.clock.after(retryMs, refresh)
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS)
  }
  const refresh = (): void => {
    tail = tail.then(step)
  }
  return {
    current: () => current,
    problem: () => problem,
    refresh,
    settled: () => tail,
    async close() {
      isClosed = true
      await tail
      cancelRetry?.()
    },
  }
}

const championOf = (registry: Registry, model: string): ModelVersion | undefined =>
  registry.models().some(({ name, champion }) => name === model && champion !== undefined)
    ? registry.version(model, 'champion')
    : undefined

/** Where a start looks when the champion is damaged: former champions, then accepted versions, each newest first. */
function earlierVersions(registry: Registry, wanted: ModelVersion): ModelVersion[] {
  const { model } = wanted
  const champions = registry
    .history(model)
    .filter(({ action }) => action === 'promoted' || action === 'rolled-back')
    .map(({ version }) => registry.version(model, version))
  const accepted = registry.versions(model).filter(({ status }) => status === 'accepted')
  const candidates = new Set([...champions.toReversed(), ...accepted.toReversed()])
  return [...candidates].filter(({ version }) => version !== wanted.version)
}

async function firstUsable<Model extends Loaded>(
  candidates: readonly ModelVersion[],
  load: SlotOptions<Model>['load'],
): Promise<Model | undefined> {
  for (const candidate of candidates) {
    const model = await load(candidate).catch(() => undefined)
    if (model) return model
  }
  return undefined
}
