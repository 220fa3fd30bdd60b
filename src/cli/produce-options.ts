/** Options that `produce` and `import` share. */
import type { OptionSpec } from './command.ts'
import { delimiter, header, integer, oneOf, parts } from './option-values.ts'

export interface FileFlags {
  readonly format?: string
  readonly delimiter?: string
  readonly header?: boolean | readonly string[]
  readonly encoding?: 'utf-8' | 'iso-8859-1'
  readonly limit?: number
  readonly dryRun?: boolean
  readonly order?: 'event-time' | 'file'
  readonly lookup?: string
  readonly lookupKey?: string
  readonly lookupVia?: string
}

export interface PaceFlags {
  readonly rate?: number
  readonly jitter?: number
  readonly interval?: number
  readonly speed?: number
  readonly seed?: number
  readonly eventTime?: string
  readonly timeColumn?: string
}

export const fileOptions: readonly OptionSpec[] = [
  {
    flags: '--format <format>',
    description: 'csv, tsv, dat, jsonl or parquet (default: by the name)',
  },
  {
    flags: '--delimiter <text>',
    description: 'between fields (default: by format)',
    parse: delimiter,
  },
  {
    flags: '--header <header>',
    description: 'true, false, or column names with commas (default: found out)',
    parse: header,
  },
  {
    flags: '--encoding <name>',
    description: 'utf-8 or iso-8859-1 (default: found out)',
    parse: oneOf('utf-8', 'iso-8859-1'),
  },
  {
    flags: '--order <order>',
    description: 'event-time or file (default: event-time when the topic declares one)',
    parse: oneOf('event-time', 'file'),
  },
  {
    flags: '--lookup <file:column:take>',
    description: 'add columns of a file beside it, by key: movies.csv:movieId:title,genres',
    parse: parts(3),
  },
  {
    flags: '--lookup-key <column>',
    description: 'key column of that file (default: the same name)',
  },
  {
    flags: '--lookup-via <file:from:to>',
    description: 'translate the key first: links.csv:tmdbId:movieId',
    parse: parts(3),
  },
  { flags: '--limit <n>', description: 'stop after so many rows', parse: integer(1) },
  { flags: '--dry-run', description: 'read the file and store nothing' },
]
