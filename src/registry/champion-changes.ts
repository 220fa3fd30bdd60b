/** What moves the champion: promotions and roll-backs. */
import { registryError } from './errors.ts'
import { change, type WriterParts } from './entry-writer.ts'
import { CHAMPION } from './registry-state.ts'
import type { Audit, HistoryEntry } from './registry.ts'

export async function promote(
  parts: WriterParts,
  model: string,
  version: number,
  audit: Audit,
): Promise<HistoryEntry> {
  const { state, store } = parts
  const record = state.version(model, version)
  if (record.status === 'rejected') {
    throw registryError(
      'REGISTRY_REJECTED_VERSION',
      `${model}@${record.version} was rejected by its gate (${record.gate.reason}): promote an accepted version`,
      { details: { model, version: record.version, gate: record.gate } },
    )
  }
  if (state.champion(model) === record.version) {
    const entry = state.history(model).findLast(movesChampion)
    if (entry) return entry
  }
  await store.read(record)
  return change(parts, {
    action: 'promoted',
    model,
    version: record.version,
    alias: CHAMPION,
    ...audit,
  })
}

export async function rollback(
  parts: WriterParts,
  model: string,
  audit: Audit,
): Promise<HistoryEntry> {
  const { state, store } = parts
  state.version(model, 1) // a model without a version has its own error
  const current = state.champion(model)
  const skipped: string[] = []
  for (const version of state.earlierChampions(model)) {
    if (version === current) continue
    try {
      await store.read(state.version(model, version))
    } catch (error) {
      skipped.push(`${version}: ${(error as Error).message}`)
      continue
    }
    const passed = skipped.length === 0 ? '' : ` (passed over damaged ${skipped.join('; ')})`
    return change(parts, {
      action: 'rolled-back',
      model,
      version,
      alias: CHAMPION,
      previous: current,
      by: audit.by,
      reason: audit.reason + passed,
    })
  }
  throw registryError(
    'REGISTRY_NOTHING_TO_ROLL_BACK',
    current === undefined
      ? `no version of "${model}" was ever promoted: promote one`
      : skipped.length === 0
        ? `${model}@${current} is the first champion of "${model}": promote another version instead`
        : `no champion of "${model}" before version ${current} can be loaded (${skipped.join('; ')}): promote another version instead`,
    { details: { model, champion: current } },
  )
}

const movesChampion = ({ action }: HistoryEntry): boolean =>
  action === 'promoted' || action === 'rolled-back'
