/** A file of a data folder as the stream of a topic: read by the topic's columns, joined, in the wanted order. */
import { quote } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { isLoose } from '../events/strict-schema.ts'
import type { EventSource, TopicContract } from '../ingest.ts'
import type { DataFile } from '../sources/data-file.ts'
import type { DataFolder } from '../sources/data-folder.ts'
import { openFileSource, type OpenFileOptions } from '../sources/open-source.ts'
import { loadLookup, type LookupReport, type LookupSpec } from './lookup.ts'
import { orderByEventTime, warnOfKeyOrder } from './ordered-source.ts'

export interface TopicSourceOptions extends Omit<OpenFileOptions, 'columns' | 'extras'> {
  readonly contract: TopicContract
  /** File names, the first that is there counts. Or an opened file. */
  readonly file: DataFile | readonly string[]
  /** Where `file` and the lookup's files are; a lookup needs it. */
  readonly folder?: DataFolder
  /** Default `event-time` when the topic declares one, else `file`. */
  readonly order?: 'event-time' | 'file'
  readonly lookup?: LookupSpec
}

export interface TopicSource extends EventSource {
  readonly file: string
  /** Names of the file's fields in order; empty when only its rows know them. */
  readonly fields: readonly string[]
  /** Sentences for a person: left-out columns, a file order that misleads training. */
  readonly warnings: readonly string[]
  /** Counts of the join so far; undefined without a lookup. */
  lookupReport(): LookupReport | undefined
}

/** Throws INGEST_UNKNOWN_SOURCE, INGEST_SOURCE_FAILED, INGEST_INVALID_REPLAY. */
export async function openTopicSource(options: TopicSourceOptions): Promise<TopicSource> {
  const { contract, file, folder, lookup, order, ...rest } = options
  const { schema } = contract
  const opened = await openFileSource('read' in file ? file : await findFile(folder, file), {
    ...rest,
    ...(schema ? { columns: contract.columns.filter(notTaken(lookup)) } : {}),
    extras: schema && isLoose(schema) ? 'keep' : 'drop',
  })
  const joined = lookup && folder && (await loadLookup(folder, lookup, contract.columns))
  const warnings = [...opened.warnings]
  const wanted = order ?? (contract.eventTime === undefined ? 'file' : 'event-time')
  const source = joined ? joined.apply(opened) : opened
  if (wanted === 'file') {
    const warning = await warnOfKeyOrder(opened, contract)
    if (warning !== undefined) warnings.push(warning)
  }
  return {
    ...(wanted === 'event-time' ? orderByEventTime(source, contract) : source),
    file: opened.file,
    fields: opened.fields,
    warnings,
    lookupReport: () => joined?.report(),
  }
}

/** Columns that the lookup brings are not looked for in the file. */
const notTaken =
  (lookup: LookupSpec | undefined) =>
  ({ name }: { readonly name: string }): boolean =>
    lookup === undefined || !lookup.take.includes(name)

async function findFile(
  folder: DataFolder | undefined,
  names: readonly string[],
): Promise<DataFile> {
  const file = await folder?.find(...names)
  if (file) return file
  throw ingestError(
    'INGEST_UNKNOWN_SOURCE',
    `there is no ${names.map(quote).join(' or ')} in ${quote(folder?.path ?? '')}: check the data folder`,
    { details: { files: names } },
  )
}
