/**
 * Starts the replays that an app declares: files of the data folder, or generators when there is none. A replay goes on
 * where an earlier run stopped; one that cannot start is a warning, not the end of the app.
 */
import type { Logger } from '../core/index.ts'
import {
  openDataFolder,
  openGenerator,
  type DataFolder,
  type EventSource,
  type Generated,
  type Ingest,
  type Replay,
} from '../ingest/index.ts'
import type { AppDefinition, SourceDefinition } from './define-app.ts'
import { openFileEvents } from './file-events.ts'
import type { StartOptions } from './running-app.ts'

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
  for (const source of sources) {
    const events =
      generated.find(({ source: of }) => of === source)?.generated.source ??
      (await openFile(setting, source, folders, warn))
    if (!events) continue
    replays.push(
      ingest.replay({
        topic: source.topic,
        source: events,
        rate: options.replay?.rate ?? source.rate ?? 0,
      }),
    )
  }
  for (const replay of replays) {
    replay.done.catch((error: unknown) => {
      warn(`a replay into ${replay.progress().topic} failed: ${(error as Error).message}`)
    })
  }
  return {
    warnings: () => warnings,
    async stop() {
      await Promise.all(replays.map((replay) => replay.stop()))
    },
  }
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

/** The events of a source's file in the first folder that has it; undefined, with a warning, when none has. */
async function openFile(
  { app, ingest, options }: StartSourcesOptions,
  source: SourceDefinition,
  folders: readonly DataFolder[],
  warn: (message: string) => void,
): Promise<EventSource | undefined> {
  const { file } = source
  if (file === undefined) return undefined
  const names = [file, ...(source.alternatives ?? [])]
  for (const folder of folders) {
    const found = await folder.find(...names)
    if (!found) continue
    return openFileEvents({
      file: found,
      folder,
      source,
      contract: ingest.contract(source.topic),
      order: options.replay?.order ?? source.order ?? 'event-time',
      hasEventTime: app.topics[source.topic]?.eventTime !== undefined,
      warn,
    })
  }
  if (folders.length > 0) {
    warn(
      `${folders.map(({ path }) => path).join(', ')} has no ${names.join(' or ')}: nothing is replayed into topic ${source.topic}`,
    )
  }
  return undefined
}
