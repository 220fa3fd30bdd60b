/** What `produce` and `import` share: file → source → topic, over REST or to a broker, with a progress bar. */
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import type { TopicAnswer } from '../api/index.ts'
import {
  createPacer,
  createTimeReader,
  openDataFolder,
  openTopicSource,
  type LookupReport,
  type LookupSpec,
  type TopicContract,
  type TopicSource,
  type TopicSourceOptions,
} from '../app/index.ts'
import { formatDuration, isMillraceError, quote } from '../core/index.ts'
import { path, type ApiClient } from './api-client.ts'
import type { CommandTools } from './command.ts'
import { cliError } from './errors.ts'
import { publishEvents, type EventTarget, type PublishProgress } from './event-publisher.ts'
import { userPath } from './instance.ts'
import type { FileFlags, PaceFlags } from './produce-options.ts'
import { createRestTarget } from './rest-target.ts'

export interface ProduceResult extends PublishProgress {
  /** Counts of the join; absent without one. */
  readonly lookup?: LookupReport
}

/** Where the rows go, and what is known of the topic there. */
export interface Destination {
  readonly target: EventTarget
  readonly contract: TopicContract
}

/** The running instance: it says how its topics are declared, and remembers how far a file was sent. */
export async function restDestination(
  api: ApiClient,
  topic: string,
  flags: PaceFlags,
): Promise<Destination> {
  return { target: createRestTarget(api, topic), contract: await contractOf(api, topic, flags) }
}

/** @param flags.loop from the first row again after the last one, until the signal. */
export async function produceFile(
  { target, contract }: Destination,
  file: string,
  flags: FileFlags & PaceFlags & { readonly loop?: boolean },
  tools: CommandTools,
): Promise<ProduceResult> {
  const { topic } = contract
  const { output, signal } = tools
  const source = await openSource(file, contract, flags)
  for (const warning of source.warnings) output.note(`warning: ${basename(file)}: ${warning}`)
  const pacer = createPacer({
    rate: flags.rate,
    jitter: flags.jitter,
    // A pause of 0 is no pause: as fast as the log takes them.
    intervalMs: flags.interval === 0 ? undefined : flags.interval,
    speed: flags.speed,
    seed: flags.seed,
  })
  if (pacer.needsEventTime && contract.eventTime === undefined) {
    throw cliError(
      'CLI_USAGE',
      `--speed needs an event time and topic ${topic} declares none: add --event-time <field>, or use --rate`,
    )
  }
  const rounds = flags.loop ? Number.POSITIVE_INFINITY : 1
  let total: PublishProgress | undefined
  for (let round = 1; round <= rounds && !signal.aborted; round += 1) {
    const left = flags.limit === undefined ? undefined : flags.limit - (total?.read ?? 0)
    if (left === 0) break
    const result = await publishEvents(target, {
      topic,
      // Each round is a sequence of its own, so its rows are no repeats of the round before.
      source: round === 1 ? source : { ...source, id: `${source.id}#${round}` },
      pacer,
      timeOf: createTimeReader(contract),
      ...(left === undefined ? {} : { limit: left }),
      ...(flags.dryRun === undefined ? {} : { dryRun: flags.dryRun }),
      signal,
      onProgress: (progress) => output.live(progressBar(progress)),
    }).catch((error: unknown) => {
      // Ctrl-C is how a loop ends.
      if (flags.loop && signal.aborted) return undefined
      throw error
    })
    total = total && result ? added(total, result) : (result ?? total)
    if (result && result.position === 0) break
  }
  output.liveDone()
  const done = total ?? nothingSent(topic, source)
  const lookup = source.lookupReport()
  return lookup ? { ...done, lookup } : done
}

const added = (sum: PublishProgress, round: PublishProgress): PublishProgress => ({
  ...round,
  read: sum.read + round.read,
  accepted: sum.accepted + round.accepted,
  duplicates: sum.duplicates + round.duplicates,
  rejected: sum.rejected + round.rejected,
})

const nothingSent = (topic: string, source: TopicSource): PublishProgress => ({
  topic,
  source: source.id,
  position: 0,
  read: 0,
  accepted: 0,
  duplicates: 0,
  rejected: 0,
  ratePerSecond: 0,
})

/** What the running app says of the topic. One that nobody declared takes every field as text. */
async function contractOf(api: ApiClient, topic: string, flags: PaceFlags): Promise<TopicContract> {
  const known = await describeTopic(api, topic)
  const eventTime = flags.eventTime ?? flags.timeColumn ?? known?.eventTime
  return {
    topic,
    columns: (known?.columns ?? []) as TopicContract['columns'],
    // The server checks the fields; here the schema only says that the columns are declared.
    ...(known?.columns ? { schema: z.object({}) } : {}),
    ...(known?.key === undefined ? {} : { key: known.key }),
    ...(eventTime === undefined ? {} : { eventTime }),
  }
}

async function openSource(
  file: string,
  contract: TopicContract,
  flags: FileFlags,
): Promise<TopicSource> {
  const full = userPath(file)
  const folder = await openDataFolder(flags.lookup ? dirname(full) : full)
  return openTopicSource({
    contract,
    folder,
    file: fileIn(await folder.list(), full, contract.topic),
    ...(flags.order === undefined ? {} : { order: flags.order }),
    ...(flags.format === undefined ? {} : { format: flags.format as TopicSourceOptions['format'] }),
    ...(flags.delimiter === undefined ? {} : { delimiter: flags.delimiter }),
    ...(flags.header === undefined ? {} : { header: flags.header }),
    ...(flags.encoding === undefined ? {} : { encoding: flags.encoding }),
    ...(flags.lookup === undefined ? {} : { lookup: lookupOf(flags) }),
  })
}

/** The file itself; in a folder or archive of several, the one that is named as the topic is. */
function fileIn(names: readonly string[], path: string, topic: string): readonly string[] {
  const wanted = basename(path)
  if (names.length === 1) return names
  if (names.includes(wanted)) return [wanted]
  const named = names.filter((name) => name.split('.')[0] === topic)
  if (named.length === 1) return named
  throw cliError(
    'CLI_USAGE',
    `${quote(path)} holds ${names.length} files, and ${named.length} are named ${topic}: name one of them, unpacked (${names.slice(0, 10).join(', ')})`,
  )
}

function lookupOf({ lookup, lookupKey, lookupVia }: FileFlags): LookupSpec {
  const [file = '', on = '', ...take] = (lookup ?? '').split(':')
  const [viaFile = '', from = '', to = ''] = (lookupVia ?? '').split(':')
  return {
    file,
    on,
    take: take.join(':').split(','),
    ...(lookupKey === undefined ? {} : { key: lookupKey }),
    ...(lookupVia === undefined ? {} : { via: { file: viaFile, from, to } }),
  }
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

export function resultText(result: ProduceResult, dryRun: boolean): string {
  const { topic, read, accepted, duplicates, rejected, position } = result
  const done = dryRun
    ? `${count.format(accepted)} rows can be read (whether the topic takes them shows when they are sent)`
    : `${count.format(accepted)} events stored`
  const rest = [
    duplicates > 0 ? `${count.format(duplicates)} were there already` : '',
    rejected > 0
      ? `${count.format(rejected)} ${dryRun ? 'cannot be read' : 'went to the dead letters'}`
      : '',
    read === 0 && position > 0 ? `all ${count.format(position)} rows were sent before` : '',
  ].filter((part) => part !== '')
  const lines = [`${topic}: ${[done, ...rest].join(', ')}`]
  if (result.lookup) lines.push(...lookupText(result.lookup))
  return lines.join('\n')
}

function lookupText(report: LookupReport): string[] {
  const { file, keys, matched, unmatched, unmatchedSample, duplicateKeys, duplicateSample } = report
  const lines = [`  ${file}: ${count.format(keys)} keys, ${count.format(matched)} events matched`]
  if (unmatched > 0) {
    lines.push(
      `  without a match: ${count.format(unmatched)} events, such as ${unmatchedSample.join(', ')}`,
    )
  }
  if (duplicateKeys > 0) {
    lines.push(
      `  duplicate keys: ${count.format(duplicateKeys)}, such as ${duplicateSample.join(', ')}`,
    )
  }
  return lines
}
