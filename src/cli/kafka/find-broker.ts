/** Which broker a command speaks to over the Kafka protocol. */
import { connect } from 'node:net'
import { quote } from '../../core/index.ts'
import type { CommonOptions } from '../command.ts'
import { cliError } from '../errors.ts'
import { liveInstances } from '../instance.ts'
import { fromEnvironment } from '../option-values.ts'

/** A broker that does not take a connection for so long is not there, milliseconds. */
const CONNECT_MS = 3_000
const START = 'start one with "millrace start app.ts"'

/** `host:port`, with commas between several; the port may be left out (9092). */
export function bootstrapServers(text: string): string {
  const parts = text.split(',').map((part) => part.trim())
  const isAddress = (part: string): boolean => {
    const found = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+)(?::(\d{1,5}))?$/.exec(part)
    const port = Number(found?.[2] ?? 9092)
    return found !== null && port > 0 && port < 65_536
  }
  if (parts.every(isAddress)) return parts.join(',')
  throw cliError(
    'CLI_USAGE',
    `${quote(text)} is not an address of a Kafka broker: write host:port, such as 127.0.0.1:9092`,
  )
}

/**
 * The named broker, else KAFKA_BOOTSTRAP_SERVERS, else the one of the running instance.
 * Throws CLI_NO_BROKER, CLI_USAGE when several instances run.
 */
export function findBroker(named: string | undefined, options: CommonOptions): string {
  const asked = named ?? fromEnvironment('KAFKA_BOOTSTRAP_SERVERS', bootstrapServers)
  if (asked !== undefined) return asked
  const live = liveInstances(options)
  const [first] = live
  if (first === undefined) {
    throw cliError(
      'CLI_NO_BROKER',
      `no running broker was found: ${START}, or name one with --bootstrap-server host:port`,
    )
  }
  const brokers = live.flatMap(({ app, broker }) => (broker === undefined ? [] : [{ app, broker }]))
  const [found] = brokers
  if (found === undefined) {
    throw cliError(
      'CLI_NO_BROKER',
      `${first.app} runs without a port for Kafka clients: start it with --broker-port 9092, or name another broker with --bootstrap-server host:port`,
    )
  }
  // Processes of one app that attach to one broker name the same.
  if (brokers.every(({ broker }) => broker === found.broker)) return found.broker
  const list = brokers.map(({ app, broker }) => `${app} (--bootstrap-server ${broker})`).join(', ')
  throw cliError('CLI_USAGE', `${brokers.length} instances run: say which one: ${list}`)
}

/**
 * Tries the addresses one after the other until one takes a connection. Throws CLI_NO_BROKER: at once where nothing listens,
 * in place of the half minute for which a client of a cluster would try again. `isPlain`: without TLS.
 */
export async function reachBroker(bootstrap: string, isPlain = true): Promise<void> {
  const reasons: string[] = []
  for (const address of bootstrap.split(',')) {
    const reason = await whyNot(address, isPlain)
    if (reason === undefined) return
    reasons.push(`${address} ${reason}`)
  }
  throw cliError(
    'CLI_NO_BROKER',
    `no Kafka broker there (${reasons.join('; ')}): check the address, or ${START}, whose broker listens on 127.0.0.1:9092`,
    { details: { bootstrap } },
  )
}

/** True for a name that no name server knows, which is how the host of another network looks from here. */
export async function isUnknownHost(bootstrap: string): Promise<boolean> {
  const { lookup } = await import('node:dns/promises')
  const hosts = bootstrap.split(',').map((address) => hostOf(address).host)
  const known = await Promise.all(
    hosts.map((host) =>
      lookup(host).then(
        () => true,
        () => false,
      ),
    ),
  )
  return !known.includes(true)
}

function hostOf(address: string): { host: string; port: number } {
  const found = /^\[?(.+?)\]?(?::(\d+))?$/.exec(address)
  return { host: found?.[1] ?? address, port: Number(found?.[2] ?? 9092) }
}

/** ApiVersions, version 0: what every broker answers, before a login too. */
const HELLO = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])
const isBrokersAnswer = (bytes: Buffer): boolean =>
  bytes.length >= 8 && bytes.readInt32BE(0) < 1_000_000 && bytes.readInt32BE(4) === 1

/** Undefined when a broker answers there, or when TLS keeps us from asking. */
function whyNot(address: string, isPlain: boolean): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...hostOf(address), timeout: CONNECT_MS })
    const end = (reason: string | undefined): void => {
      socket.destroy()
      resolve(reason)
    }
    socket.once('connect', () => (isPlain ? socket.write(HELLO) : end(undefined)))
    socket.once('data', (bytes) =>
      end(isBrokersAnswer(bytes) ? undefined : 'speaks another protocol than Kafka’s'),
    )
    socket.once('end', () => end('hangs up: it speaks another protocol, or wants TLS'))
    socket.once('timeout', () => end('does not answer'))
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') end('refuses connections')
      else if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') end('is not a known host')
      else if (code === 'ECONNRESET') end('hangs up: it speaks another protocol, or wants TLS')
      else end(`cannot be reached: ${code}`)
    })
  })
}
