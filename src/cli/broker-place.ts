/** Where `millrace start` lets Kafka clients in, by flags and variables, and where other commands find that place. */
import { parseListeners, type BrokerPlace, type RunningApp } from '../app/index.ts'
import { isMillraceError } from '../core/index.ts'
import { cliError } from './errors.ts'
import { fromEnvironment, integer, oneOf } from './option-values.ts'

export interface BrokerFlags {
  /** False with `--no-broker`. */
  readonly broker?: boolean
  readonly brokerPort?: number
  readonly brokerListeners?: string
  readonly brokerAdvertisedListeners?: string
  readonly brokerAllowRemote?: boolean
}

const DEFAULT_PORT = 9092
const text = (value: string): string => value

/** A port that nobody asked for may be taken: another app serves Kafka clients then. */
export function brokerPlace(flags: BrokerFlags): BrokerPlace | false {
  if (flags.broker === false) return false
  const port = flags.brokerPort ?? fromEnvironment('MILLRACE_BROKER_PORT', integer(0, 65_535))
  const listeners = flags.brokerListeners ?? fromEnvironment('MILLRACE_BROKER_LISTENERS', text)
  const advertised =
    flags.brokerAdvertisedListeners ?? fromEnvironment('MILLRACE_BROKER_ADVERTISED_LISTENERS', text)
  const allowRemote =
    flags.brokerAllowRemote ??
    fromEnvironment('MILLRACE_BROKER_ALLOW_REMOTE', oneOf('true', 'false')) === 'true'
  if (listeners === undefined && advertised === undefined) {
    return { port: port ?? DEFAULT_PORT, optional: port === undefined, allowRemote }
  }
  if (listeners === undefined) {
    throw cliError(
      'CLI_USAGE',
      '--broker-advertised-listeners names listeners: say which ports they are with --broker-listeners NAME://host:port',
    )
  }
  if (flags.brokerPort !== undefined) {
    throw cliError('CLI_USAGE', '--broker-listeners names the ports: leave --broker-port out')
  }
  try {
    return { listeners: parseListeners(listeners, advertised), allowRemote }
  } catch (error) {
    throw isMillraceError(error)
      ? cliError('CLI_USAGE', `--broker-${error.message.replace('advertised.', 'advertised-')}`)
      : error
  }
}

export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/**
 * Where commands on this machine attach: the app's own port, or the cluster that keeps its events. A port that listens on
 * all addresses is reached by loopback.
 */
export function attachAddress(
  broker: RunningApp['broker'],
  log: string | undefined,
): { readonly broker?: string } {
  if (broker) {
    const near = broker.addresses.find(({ isRemote }) => !isRemote) ?? broker
    const isAny = near.host === '0.0.0.0' || near.host === '::'
    return { broker: hostAndPort(isAny ? '127.0.0.1' : near.host, near.port) }
  }
  const [, servers] = /^kafka:\/\/([^/?]+)/.exec(log ?? '') ?? []
  return servers === undefined ? {} : { broker: servers }
}
