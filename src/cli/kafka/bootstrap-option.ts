import type { OptionSpec } from '../command.ts'
import { bootstrapServers } from './find-broker.ts'

/** Of every command that speaks to a broker. */
export const bootstrapOption: OptionSpec = {
  flags: '--bootstrap-server <host:port>',
  description: 'a Kafka broker, ours or another (default: the running instance)',
  parse: bootstrapServers,
}

export interface BootstrapFlag {
  readonly bootstrapServer?: string
}
