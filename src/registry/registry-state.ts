/**
 * The registry's state as a fold over the entries of `__millrace-registry`. Pure: every process that reads the topic comes
 * to the same state, because what an entry does depends only on the entries before it. The table of states and events is in
 * `SPEC.md`.
 */
import { quote } from '../core/index.ts'
import { registryError } from './errors.ts'
import type { ChangeEntry, RegistryEntry } from './registry-records.ts'
import type { HistoryEntry, ModelSummary, ModelVersion } from './registry.ts'

export const CHAMPION = 'champion'

/** What an entry did. An entry that lost against one before it is ignored, everywhere alike. */
export type Applied =
  | { readonly entry: HistoryEntry; readonly champion: boolean }
  | { readonly ignored: string }

export interface RegistryState {
  apply(entry: RegistryEntry, offset: number): Applied
  models(): readonly ModelSummary[]
  versions(model: string): readonly ModelVersion[]
  version(model: string, ref: number | string): ModelVersion
  champion(model: string): number | undefined
  /** The champions before the current one, newest first: where a roll-back may go. */
  earlierChampions(model: string): readonly number[]
  history(model: string): readonly HistoryEntry[]
  /** Every alias as `<model>/<alias>` → version and the offset of the entry that set it. */
  pointers(): ReadonlyMap<string, { readonly version: number; readonly entry: number }>
}

interface ModelState {
  readonly versions: ModelVersion[]
  readonly aliases: Map<string, { readonly version: number; readonly entry: number }>
  /** Stack of champions: promote pushes, roll-back pops. */
  readonly champions: number[]
  readonly history: HistoryEntry[]
}

export function createRegistryState(): RegistryState {
  const models = new Map<string, ModelState>()
  const need = (model: string): ModelState => {
    const state = models.get(model)
    if (state) return state
    throw registryError(
      'REGISTRY_UNKNOWN_MODEL',
      `model ${quote(model)} has no version yet: train it first, or choose one of ${list([...models.keys()])}`,
      { details: { model } },
    )
  }
  return {
    apply(entry, offset) {
      if (entry.type === 'change') {
        const state = models.get(entry.model)
        return state
          ? applyChange(state, entry, offset)
          : { ignored: `model ${quote(entry.model)} has no version` }
      }
      const state = models.get(entry.version.model) ?? emptyModel()
      const applied = applyVersion(state, entry.version)
      if ('entry' in applied) models.set(entry.version.model, state)
      return applied
    },
    models: () =>
      [...models.entries()].map(([name, state]) => summary(name, state)).toSorted(byName),
    versions: (model) => models.get(model)?.versions.slice() ?? [],
    version: (model, ref) => resolve(model, need(model), ref),
    champion: (model) => models.get(model)?.champions.at(-1),
    earlierChampions: (model) => models.get(model)?.champions.slice(0, -1).toReversed() ?? [],
    history: (model) => models.get(model)?.history.slice() ?? [],
    pointers: () =>
      new Map(
        [...models].flatMap(([model, { aliases }]) =>
          [...aliases].map(([alias, pointer]) => [`${model}/${alias}`, pointer] as const),
        ),
      ),
  }
}

const emptyModel = (): ModelState => ({
  versions: [],
  aliases: new Map(),
  champions: [],
  history: [],
})
const byName = (a: ModelSummary, b: ModelSummary): number => (a.name < b.name ? -1 : 1)
const list = (names: readonly string[]): string => names.join(', ') || 'none so far'

function summary(name: string, state: ModelState): ModelSummary {
  const champion = state.champions.at(-1)
  return {
    name,
    task: state.versions.at(-1)?.task ?? 'regressor',
    versions: state.versions.length,
    ...(champion === undefined ? {} : { champion }),
    aliases: Object.fromEntries([...state.aliases].map(([alias, { version }]) => [alias, version])),
  }
}

function resolve(model: string, state: ModelState, ref: number | string): ModelVersion {
  const number = typeof ref === 'number' ? ref : /^\d{1,6}$/.test(ref) ? Number(ref) : undefined
  if (number === undefined) {
    const pointer = state.aliases.get(String(ref))
    const version = pointer && state.versions[pointer.version - 1]
    if (version) return version
    throw registryError(
      'REGISTRY_UNKNOWN_ALIAS',
      `model "${model}" has no alias ${quote(String(ref))}: its aliases are ${list([...state.aliases.keys()])}`,
      { details: { model, alias: ref } },
    )
  }
  const version = state.versions[number - 1]
  if (version) return version
  throw registryError(
    'REGISTRY_UNKNOWN_VERSION',
    `model "${model}" has no version ${number}: it has 1 to ${state.versions.length}`,
    { details: { model, version: number } },
  )
}

function applyVersion(state: ModelState, version: ModelVersion): Applied {
  const next = state.versions.length + 1
  if (version.version !== next) {
    return { ignored: `version ${version.version} of "${version.model}" came when ${next} was due` }
  }
  state.versions.push(version)
  const entry: HistoryEntry = {
    model: version.model,
    at: version.createdAt,
    action: version.status === 'accepted' ? 'registered' : 'rejected',
    version: version.version,
    by: version.lineage.trigger,
    reason: version.gate.reason,
  }
  state.history.push(entry)
  return { entry, champion: false }
}

function applyChange(state: ModelState, change: ChangeEntry, offset: number): Applied {
  const refusal = refuse(state, change)
  if (refusal !== undefined) return { ignored: refusal }
  const { model, action, version, alias, at, by, reason } = change
  const previous = state.aliases.get(alias)?.version
  if (action === 'alias-removed') state.aliases.delete(alias)
  else state.aliases.set(alias, { version, entry: offset })
  if (action === 'promoted') state.champions.push(version)
  if (action === 'rolled-back') {
    state.champions.length = state.champions.lastIndexOf(version, -2) + 1
  }
  const entry: HistoryEntry = {
    model,
    at,
    action,
    version,
    ...(previous === undefined ? {} : { previous }),
    alias,
    by,
    reason,
  }
  state.history.push(entry)
  return { entry, champion: alias === CHAMPION }
}

/** Why a change has no effect, or undefined when it has: the rules of `SPEC.md`, each by its number. */
function refuse(state: ModelState, change: ChangeEntry): string | undefined {
  const version = state.versions[change.version - 1]
  const isChampion = change.action === 'promoted' || change.action === 'rolled-back'
  if (!version) return `there is no version ${change.version}` // rule 2
  if (isChampion !== (change.alias === CHAMPION)) return 'only a promotion moves the champion' // rule 3
  if (isChampion && version.status === 'rejected') return 'the gate rejected the version' // rule 3
  if (change.action === 'rolled-back') {
    // rule 4
    const current = state.champions.at(-1)
    if (current !== change.previous) return `the champion is ${current}, not ${change.previous}`
    if (!state.champions.slice(0, -1).includes(change.version)) {
      return `version ${change.version} was no champion before`
    }
  }
  if (
    change.action === 'alias-removed' &&
    state.aliases.get(change.alias)?.version !== change.version
  ) {
    return `alias ${quote(change.alias)} does not name version ${change.version}` // rule 5
  }
  return undefined
}
