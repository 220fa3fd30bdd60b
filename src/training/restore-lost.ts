/**
 * At the start: versions whose artifact is gone are trained again from their lineage, oldest first, because a version may
 * need the champion that it was measured against. Rules and requests wait until this is done.
 */
import type { Logger } from '../core/index.ts'
import type { ModelVersion } from '../registry/index.ts'
import { reproduceVersion, type TrainTools } from './train-version.ts'
import type { TrainingSource } from './training-source.ts'

export async function restoreLost(
  tools: TrainTools,
  sourceOf: (model: string) => TrainingSource | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const version of tools.registry.missing()) {
    const source = sourceOf(version.model)
    if (source === undefined) continue
    try {
      await batchesUpTo(source, version.lineage.batches[1], signal)
      await reproduceVersion(tools, source, version, signal)
      tools.logger.info(factsOf(version), 'a lost artifact was trained again from its lineage')
    } catch (error) {
      if (signal.aborted) return
      report(tools.logger, version, error)
    }
  }
}

/** Resolves when the table has the batch: a lake that was lost is being written again from the log. */
function batchesUpTo(source: TrainingSource, last: number, signal: AbortSignal): Promise<void> {
  const isThere = (): boolean =>
    source.snapshot().lastBatch >= last && (source.batches().at(-1)?.number ?? 0) >= last
  if (isThere()) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const stop = source.onBatch(() => {
      if (!isThere()) return
      stop()
      resolve()
    })
    signal.addEventListener(
      'abort',
      () => {
        stop()
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
}

const factsOf = ({ model, version }: ModelVersion): object => ({ model, version })

function report(logger: Logger, version: ModelVersion, error: unknown): void {
  logger.error(
    { ...factsOf(version), err: error },
    'a lost artifact could not be trained again: the version cannot serve',
  )
}
