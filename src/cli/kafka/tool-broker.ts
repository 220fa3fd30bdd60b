/**
 * Which broker a command line of Kafka's own tools means. Lines of old write-ups name a ZooKeeper, or a broker by the name
 * that it has inside a compose network: they work as they stand, with a warning that says what is used instead.
 */
import { readFileSync } from 'node:fs'
import type { Log } from '../../log/index.ts'
import type { CommandTools, OptionSpec } from '../command.ts'
import { cliError } from '../errors.ts'
import { liveInstances, userPath } from '../instance.ts'
import { fromEnvironment } from '../option-values.ts'
import { attach } from './attach.ts'
import { bootstrapServers, isUnknownHost } from './find-broker.ts'

export interface ToolFlags {
  readonly bootstrapServer?: string
  readonly brokerList?: string
  readonly zookeeper?: string
  readonly commandConfig?: string
}

export const toolOptions: readonly OptionSpec[] = [
  {
    flags: '--bootstrap-server <host:port>',
    description: 'the broker (default: the running instance, else localhost:9092)',
    parse: bootstrapServers,
  },
  {
    flags: '--broker-list <host:port>',
    description: 'the old name of --bootstrap-server',
    parse: bootstrapServers,
  },
  { flags: '--zookeeper <host:port>', description: 'of old lines: not used' },
  {
    flags: '--command-config <file>',
    description: 'properties of the client, such as security.protocol, one a line',
  },
]

const FALLBACK = 'localhost:9092'

export async function attachTool(
  flags: ToolFlags,
  { output, options }: Pick<CommandTools, 'output' | 'options'>,
  properties: Readonly<Record<string, string>> = {},
): Promise<Log> {
  const { zookeeper, brokerList } = flags
  const warn = (text: string): void => output.note(`warning: ${text}`)
  const named = flags.bootstrapServer ?? brokerList
  const running = liveInstances(options).find(({ broker }) => broker !== undefined)?.broker
  const preset = fromEnvironment('KAFKA_BOOTSTRAP_SERVERS', bootstrapServers) ?? running ?? FALLBACK
  let bootstrap = named ?? preset
  if (named !== undefined && running !== undefined && (await isUnknownHost(named))) {
    warn(`${named} is not known on this machine: using ${running}, the running instance`)
    bootstrap = running
  } else if (brokerList !== undefined && flags.bootstrapServer === undefined) {
    warn(`--broker-list is --bootstrap-server since Kafka 2.5: using ${bootstrap}`)
  }
  if (zookeeper !== undefined) {
    warn(`--zookeeper ${zookeeper} is not used, there is no ZooKeeper here: using ${bootstrap}`)
  }
  return attach(bootstrap, { ...fileProperties(flags.commandConfig), ...properties })
}

/** `name=value` lines, as Java reads them; those of `#` and `!` are comments. */
function fileProperties(file: string | undefined): Record<string, string> {
  if (file === undefined) return {}
  let text: string
  try {
    text = readFileSync(userPath(file), 'utf8')
  } catch (cause) {
    throw cliError('CLI_USAGE', `--command-config ${file} cannot be read: name a file`, { cause })
  }
  const lines = text.split('\n').map((line) => line.trim())
  return pairs(lines.filter((line) => line !== '' && !/^[#!]/.test(line)))
}

/** `name=value` each. */
export function pairs(texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1)]
      throw cliError('CLI_USAGE', `"${text}" is not a property: write name=value`)
    }),
  )
}
