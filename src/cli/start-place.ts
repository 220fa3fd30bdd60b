/** Where an app that starts keeps its data and its events, by flags, variables and what runs already. */
import type { AppDefinition } from '../app/index.ts'
import { cliError } from './errors.ts'
import { defaultDataDir, readInstance, userPath } from './instance.ts'
import { fromEnvironment, names } from './option-values.ts'

export interface PlaceFlags {
  readonly dataDir?: string
  readonly log?: string
  readonly roles?: readonly string[]
}

export interface StartPlace {
  readonly dataDir: string
  /** Undefined is the log of the data folder. */
  readonly log?: string
  /** Undefined is every role. */
  readonly roles?: readonly string[]
}

/**
 * One process owns a data folder. Started with roles beside a process that is its broker alone, an app attaches to that one
 * over the Kafka protocol, and keeps what it makes in a folder of its own: `shop-sink-train` beside `shop`. Throws
 * CLI_INSTANCE_RUNS beside one that has more roles.
 */
export function startPlace({ name }: AppDefinition, flags: PlaceFlags): StartPlace {
  const roles = flags.roles ?? fromEnvironment('MILLRACE_ROLES', names)
  const log = logOf(flags)
  const named = flags.dataDir ?? process.env['MILLRACE_DATA_DIR'] ?? ''
  const dataDir = named === '' ? defaultDataDir(name) : userPath(named)
  if (roles === undefined) return { dataDir, ...(log === undefined ? {} : { log }) }
  const ownDir = `${dataDir}-${roles.join('-')}`
  if (log !== undefined) return { dataDir: named === '' ? ownDir : dataDir, log, roles }
  const running = readInstance(dataDir)
  if (running === undefined) return { dataDir, roles }
  if (running.broker !== undefined && running.roles?.join() === 'broker') {
    return { dataDir: ownDir, log: `kafka://${running.broker}`, roles }
  }
  throw cliError(
    'CLI_INSTANCE_RUNS',
    `${running.app} runs on ${dataDir} already (process ${running.pid}), with its tables and models in that process: to split it, start one process with --roles broker and the others beside it, or keep the events on a cluster with --log kafka://host:port`,
    { details: { pid: running.pid, dataDir } },
  )
}

function logOf(flags: PlaceFlags): string | undefined {
  const named = flags.log ?? process.env['MILLRACE_LOG']
  return named === '' || named === 'embedded' ? undefined : named
}
