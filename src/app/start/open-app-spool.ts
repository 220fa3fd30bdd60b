/** Where events wait while the app's cluster is away, if the app was started so. */
import { join } from 'node:path'
import type { SpoolOptions } from '../../ingest/index.ts'
import { openLog, type Log } from '../../log/index.ts'
import { appError } from '../errors.ts'
import { PROBE_MS } from '../log-health.ts'
import type { Setting } from './setting.ts'

const FOLDER = 'spool'

/**
 * Undefined where events are refused in an outage: by choice, and where the log is the folder's own. What an earlier process
 * left there is sent, also when this one was started to refuse.
 */
export async function openAppSpool(
  { app, options, clock, logger, metrics, limits, closers, folder }: Setting,
  log: Log,
): Promise<SpoolOptions | undefined> {
  const { cluster } = log
  if (cluster === undefined) {
    if (options.onOutage !== 'spool') return undefined
    throw appError(
      'APP_DATA_FOLDER',
      'events can wait only for a cluster, and this log is in the data folder: leave --on-outage out, or start with --log',
    )
  }
  const dir = join(folder.dir, FOLDER)
  const { recordBytes } = limits
  const store = await openLog({ dir, clock, logger, metrics, recordBytes })
  closers.add('spool', () => store.close())
  const isLeft = (await store.topics()).length > 0
  if (options.onOutage !== 'spool' && !isLeft) return undefined
  const topics = Object.keys(app.topics)
  const maxBytes = options.onOutage === 'spool' ? limits.spoolBytes : 0
  return { store, maxBytes, faults: () => cluster.faults(topics, PROBE_MS) }
}
