/**
 * The app's log: the folder's own, or a cluster. The folder is locked either way, and belongs to one of the two for good:
 * offsets in its lake and registry are those of the log that it began with.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../../core/index.ts'
import { openLog, type Log, type OpenLogOptions } from '../../log/index.ts'
import { appError } from '../errors.ts'
import type { Setting } from './setting.ts'

/** Names the cluster; a folder without it has its own log. */
const CLUSTER_FILE = 'cluster'

export async function openAppLog(setting: Setting): Promise<Log> {
  const { options, clock, logger, limits, metrics, closers, folder } = setting
  const { recordBytes } = limits
  const url = options.log
  const common: OpenLogOptions = { dir: folder.log, clock, logger, metrics, recordBytes }
  if (url === undefined) await refuseCluster(folder.log)
  // On a cluster it stays empty: what it is for is its lock.
  const own = await openLog(common)
  closers.add('log', () => own.close())
  if (url === undefined) return own
  if ((await own.topics()).length > 0) {
    throw appError(
      'APP_DATA_FOLDER',
      `data folder ${quote(folder.dir)} has a log of its own with events in it: start on Kafka with a new data folder`,
      { details: { dir: folder.dir } },
    )
  }
  const log = await openLog({ ...common, url })
  closers.add('cluster', () => log.close())
  await writeFile(join(folder.log, CLUSTER_FILE), `${url.replace(/\?.*$/, '')}\n`)
  return log
}

async function refuseCluster(dir: string): Promise<void> {
  const cluster = await readFile(join(dir, CLUSTER_FILE), 'utf8').catch(() => undefined)
  if (cluster === undefined) return
  throw appError(
    'APP_DATA_FOLDER',
    `the events of this data folder are on ${cluster.trim()}: start with --log ${cluster.trim()}, or with a new data folder`,
    { details: { cluster: cluster.trim() } },
  )
}
