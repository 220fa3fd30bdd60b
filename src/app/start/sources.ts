/**
 * Starts the replays that an app declares: files of the data folder, or generators when there is none. A replay goes on
 * where an earlier run stopped; one that cannot start is a warning, not the end of the app.
 */
import { isMillraceError, quote, type Logger } from '../../core/index.ts'
import {
  openDataFolder,
  openGenerator,
  openTopicSource,
  type DataFolder,
  type EventSource,
  type Generated,
  type Ingest,
  type Replay,
  type TopicSource,
} from '../../ingest/index.ts'
import type { AppDefinition, LookupDefinition, SourceDefinition } from '../define-app.ts'
import { appError } from '../errors.ts'
import type { StartOptions } from '../running-app.ts'

export interface RunningSources {
  warnings(): readonly string[]
  stop(): Promise<void>
}

export interface StartSourcesOptions {
  readonly app: AppDefinition
  readonly ingest: Ingest
  readonly options: StartOptions
  readonly logger: Logger
}

export async function startSources(setting: StartSourcesOptions): Promise<RunningSources> {
  const { app, ingest, options, logger } = setting
  const warnings: string[] = []
  const replays: Replay[] = []
  const warn = (message: string): void => {
    warnings.push(message)
    logger.warn({}, message)
  }
  const sources = options.replay?.enabled === false ? [] : (app.sources ?? [])
  const generated = options.sourceData === undefined ? await openGenerators(sources) : []
  const folders = [
    ...(options.sourceData === undefined ? [] : [await openDataFolder(options.sourceData)]),
    ...generated.map(({ generated: { folder } }) => folder),
  ]
  if (options.sourceData !== undefined) await refuseOtherData(sources, folders)
  for (const source of sources) {
    const own = generated.find(({ source: of }) => of === source)?.generated.source
    const opened = own ? { events: own } : await openFile(setting, source, folders, warn)
    if (!opened) continue
    const replay = ingest.replay({
      topic: source.topic,
      source: opened.events,
      rate: options.replay?.rate ?? source.rate ?? 0,
    })
    replays.push(replay)
    replay.done.then(
      () => {
        const report = opened.report?.()
        if (report !== undefined) warn(report)
      },
      (error: unknown) => warn(`a replay into ${source.topic} failed: ${(error as Error).message}`),
    )
  }
  return {
    warnings: () => warnings,
    async stop() {
      await Promise.all(replays.map((replay) => replay.stop()))
    },
  }
}

/** Data that a person named and that holds nothing of the app is a mistake, not an app without events. */
async function refuseOtherData(
  sources: readonly SourceDefinition[],
  folders: readonly DataFolder[],
): Promise<void> {
  const names = sources.flatMap(({ file, alternatives }) =>
    file === undefined ? [] : [file, ...(alternatives ?? [])],
  )
  const found = await Promise.all(folders.map((folder) => folder.find(...names)))
  if (names.length === 0 || found.some((file) => file !== undefined)) return
  throw appError(
    'APP_NO_SOURCE_DATA',
    `${folders.map(({ path }) => quote(path)).join(', ')} has none of ${names.join(', ')}: name the folder or zip that holds them`,
    { details: { files: names } },
  )
}

interface OpenSource {
  readonly events: EventSource
  readonly report?: () => string | undefined
}

interface OpenGenerator {
  readonly source: SourceDefinition
  readonly generated: Generated
}

async function openGenerators(sources: readonly SourceDefinition[]): Promise<OpenGenerator[]> {
  const opened: OpenGenerator[] = []
  for (const source of sources) {
    if (!source.generator) continue
    const { name, seed, options } = source.generator
    const generated = await openGenerator(name, {
      ...options,
      ...(seed !== undefined && { seed }),
    })
    opened.push({ source, generated })
  }
  return opened
}

/** The events of a source's file in the first folder that has it; undefined, with a warning, when there is none. */
async function openFile(
  { ingest, options }: StartSourcesOptions,
  source: SourceDefinition,
  folders: readonly DataFolder[],
  warn: (message: string) => void,
): Promise<OpenSource | undefined> {
  const { file, topic } = source
  const contract = ingest.contract(topic)
  if (file === undefined || !contract) return undefined
  const names = [file, ...(source.alternatives ?? [])]
  const order = contract.eventTime === undefined ? 'file' : (options.replay?.order ?? source.order)
  for (const folder of folders) {
    const found = await folder.find(...names)
    if (!found) continue
    try {
      const lookup = await lookupIn(folder, source.lookup, found.name)
      const events = await openTopicSource({
        contract,
        file: found,
        folder,
        ...(order && { order }),
        ...(lookup && { lookup }),
      })
      for (const warning of events.warnings) warn(warning)
      return { events, report: () => unmatchedOf(events) }
    } catch (error) {
      if (!isMillraceError(error)) throw error
      warn(`nothing is replayed into topic ${topic}: ${error.message}`)
      return undefined
    }
  }
  if (folders.length > 0) {
    const places = folders.map(({ path }) => path).join(', ')
    warn(`${places} has no ${names.join(' or ')}: nothing is replayed into topic ${topic}`)
  }
  return undefined
}

/** The first whose file is there; none for the rows of that file itself. Throws APP_NO_SOURCE_DATA when none is. */
async function lookupIn(
  folder: DataFolder,
  declared: SourceDefinition['lookup'],
  own: string,
): Promise<LookupDefinition | undefined> {
  if (declared === undefined) return undefined
  const lookups = 'file' in declared ? [declared] : declared
  for (const lookup of lookups) {
    const found = await folder.find(lookup.file)
    if (found) return found.name === own ? undefined : lookup
  }
  const files = lookups.map(({ file }) => file)
  throw appError(
    'APP_NO_SOURCE_DATA',
    `${quote(folder.path)} has no ${files.join(' or ')} to look columns up in: put one there`,
    { details: { files } },
  )
}

/** What a person should know of the join when everything was read. */
function unmatchedOf(events: TopicSource): string | undefined {
  const report = events.lookupReport()
  if (!report || report.unmatched + report.duplicateKeys === 0) return undefined
  return `${events.file}: ${report.unmatched} of ${report.matched + report.unmatched} events have no row in ${report.file} (for example ${report.unmatchedSample.slice(0, 3).join(', ') || 'none'}), which has ${report.duplicateKeys} keys twice`
}
