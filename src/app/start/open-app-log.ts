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

/** Names the cluster and the application id there; a folder without it has its own log. */
const CLUSTER_FILE = 'cluster'

interface Kept {
  /** `kafka://host:port` of the last start. */
  readonly url: string
  /** Part of the names of the app's own topics there; folders from before it was written have short names. */
  readonly applicationId: string
}

export async function openAppLog(setting: Setting): Promise<Log> {
  const { app, options, clock, logger, limits, metrics, closers, folder } = setting
  const { recordBytes } = limits
  const url = options.log
  const common: OpenLogOptions = { dir: folder.log, clock, logger, metrics, recordBytes }
  const kept = await readKept(folder.log)
  if (url === undefined && kept !== undefined) throw ofCluster(kept)
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
  const log = await openLog({ ...common, url, applicationId: kept?.applicationId ?? app.name })
  closers.add('cluster', () => log.close())
  const applicationId = log.cluster?.applicationId ?? ''
  if (kept !== undefined && kept.applicationId !== applicationId) {
    throw appError(
      'APP_DATA_FOLDER',
      `data folder ${quote(folder.dir)} began with application.id ${quote(kept.applicationId)}, not ${quote(applicationId)}: leave the property out, or start with a new data folder`,
      { details: { dir: folder.dir, applicationId: kept.applicationId } },
    )
  }
  await writeKept(folder.log, { url: url.replace(/\?.*$/, ''), applicationId })
  return log
}

async function readKept(dir: string): Promise<Kept | undefined> {
  const text = await readFile(join(dir, CLUSTER_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const [url = '', more = ''] = text.split('\n')
  return { url: url.trim(), applicationId: /^application\.id=(.*)$/.exec(more)?.[1] ?? '' }
}

const writeKept = (dir: string, { url, applicationId }: Kept): Promise<void> =>
  writeFile(join(dir, CLUSTER_FILE), `${url}\napplication.id=${applicationId}\n`)

const ofCluster = ({ url }: Kept): Error =>
  appError(
    'APP_DATA_FOLDER',
    `the events of this data folder are on ${url}: start with --log ${url}, or with a new data folder`,
    { details: { cluster: url } },
  )
