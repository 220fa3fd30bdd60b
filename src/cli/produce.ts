/** What `produce` and `import` share: file → source → topic, with a progress bar. */
import { basename } from 'node:path'
import type { TopicAnswer } from '../api/index.ts'
import {
  createPacer,
  createTimeReader,
  openFileSource,
  type FileSource,
  type OpenFileOptions,
} from '../app/index.ts'
import { formatDuration, isMillraceError } from '../core/index.ts'
import { path, type ApiClient } from './api-client.ts'
import type { CommandTools } from './command.ts'
import { cliError } from './errors.ts'
import { publishEvents, type PublishProgress } from './event-publisher.ts'
import { userPath } from './instance.ts'
import type { FileFlags, PaceFlags } from './produce-options.ts'

export async function produceFile(
  api: ApiClient,
  file: string,
  topic: string,
  flags: FileFlags & PaceFlags,
  tools: CommandTools,
): Promise<PublishProgress> {
  const { output, signal } = tools
  const known = await describeTopic(api, topic)
  const columns = known?.columns as OpenFileOptions['columns']
  const source: FileSource = await openFileSource(userPath(file), {
    ...(columns ? { columns } : { extras: 'keep' }),
    ...(flags.format === undefined ? {} : { format: flags.format as OpenFileOptions['format'] }),
    ...(flags.delimiter === undefined ? {} : { delimiter: flags.delimiter }),
    ...(flags.header === undefined ? {} : { header: flags.header }),
    ...(flags.encoding === undefined ? {} : { encoding: flags.encoding }),
  })
  for (const warning of source.warnings) output.note(`warning: ${basename(file)}: ${warning}`)
  const pacer = createPacer({
    topic,
    source,
    rate: flags.rate,
    jitter: flags.jitter,
    intervalMs: flags.interval,
    speed: flags.speed,
    seed: flags.seed,
  })
  const eventTime = flags.eventTime ?? known?.eventTime
  if (pacer.needsEventTime && eventTime === undefined) {
    throw cliError(
      'CLI_USAGE',
      `--speed needs an event time and topic ${topic} declares none: add --event-time <field>, or use --rate`,
    )
  }
  const result = await publishEvents(api, {
    topic,
    source,
    pacer,
    timeOf: createTimeReader({ topic, columns: [], eventTime }),
    limit: flags.limit,
    dryRun: flags.dryRun,
    signal,
    onProgress: (progress) => output.live(progressBar(progress)),
  })
  output.liveDone()
  return result
}

async function describeTopic(api: ApiClient, topic: string): Promise<TopicAnswer | undefined> {
  try {
    return await api.get<TopicAnswer>(path`/v1/topics/${topic}`)
  } catch (error) {
    // A topic that nobody declared is created by the first event.
    if (isMillraceError(error, 'LOG_UNKNOWN_TOPIC')) return undefined
    throw error
  }
}

const BAR_CELLS = 24
const count = new Intl.NumberFormat('en-US')

/** `ratings [########----] 34 % 34,000 of 100,000 · 2,000/s · 33s left`. */
export function progressBar(progress: PublishProgress): string {
  const { topic, position, total, ratePerSecond } = progress
  const rate = `${count.format(Math.round(ratePerSecond))}/s`
  if (total === undefined || total === 0) return `${topic} ${count.format(position)} · ${rate}`
  const share = Math.min(position / total, 1)
  const filled = Math.round(share * BAR_CELLS)
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_CELLS - filled)
  const left =
    ratePerSecond > 0
      ? ` · ${formatDuration(((total - position) / ratePerSecond) * 1_000)} left`
      : ''
  return `${topic} [${bar}] ${Math.floor(share * 100)} % ${count.format(position)} of ${count.format(total)} · ${rate}${left}`
}

export function resultText(result: PublishProgress, dryRun: boolean): string {
  const { topic, read, accepted, duplicates, rejected, position } = result
  const done = dryRun
    ? `${count.format(accepted)} rows can be read`
    : `${count.format(accepted)} events stored`
  const rest = [
    duplicates > 0 ? `${count.format(duplicates)} were there already` : '',
    rejected > 0
      ? `${count.format(rejected)} ${dryRun ? 'cannot be read' : 'went to the dead letters'}`
      : '',
    read === 0 && position > 0 ? `all ${count.format(position)} rows were sent before` : '',
  ].filter((part) => part !== '')
  return `${topic}: ${[done, ...rest].join(', ')}`
}
