/**
 * Listeners as Kafka's `listeners` and `advertised.listeners` spell them: `NAME://host:port`, with commas between several.
 * The names tie the two lists together; clients of a port are told the address that is advertised under its name.
 */
import { coreError, quote } from '../core/index.ts'
import type { BrokerListener } from './broker.ts'

interface NamedAddress {
  readonly name: string
  readonly host: string
  readonly port: number
}

/**
 * Throws CORE_INVALID_INPUT, which names the listener.
 *
 * @example
 * // A compose network reaches it as kafka:29092, the host of the containers as localhost:9092.
 * parseListeners('INSIDE://0.0.0.0:29092,HOST://0.0.0.0:9092', 'INSIDE://kafka:29092,HOST://localhost:9092')
 */
export function parseListeners(listeners: string, advertised = ''): BrokerListener[] {
  const ports = addresses(listeners, 'listeners', 0)
  const told = advertised === '' ? [] : addresses(advertised, 'advertised.listeners', 1)
  for (const { name, host } of told) {
    if (!ports.some((one) => one.name === name)) {
      throw invalid(
        'advertised.listeners',
        `${name} is not one of the listeners (${ports.map((one) => one.name).join(', ')})`,
      )
    }
    if (host === '0.0.0.0' || host === '::') {
      throw invalid('advertised.listeners', `${host} is no address that a client can connect to`)
    }
  }
  return ports.map(({ name, host, port }) => {
    const found = told.find((one) => one.name === name)
    return {
      ...(host === '' ? {} : { host }),
      port,
      ...(found ? { advertised: { host: found.host, port: found.port } } : {}),
    }
  })
}

/** `leastPort` is 0 where the system may choose. */
function addresses(text: string, setting: string, leastPort: number): NamedAddress[] {
  const all = text.split(',').map((part): NamedAddress => {
    const found = /^([A-Za-z0-9_]+):\/\/(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]*):(\d{1,5})$/.exec(
      part.trim(),
    )
    const [, name = '', host = ''] = found ?? []
    const port = Number(found?.[3] ?? -1)
    if (!found || port < leastPort || port > 65_535 || (leastPort > 0 && host === '')) {
      throw invalid(setting, `${quote(part)} is not a listener: write NAME://host:port`)
    }
    if (/^(SSL|SASL_PLAINTEXT|SASL_SSL)$/i.test(name)) {
      throw invalid(setting, `${name} is not offered: the port speaks PLAINTEXT, name it so`)
    }
    return { name, host: host.replace(/^\[|\]$/g, ''), port }
  })
  const names = all.map(({ name }) => name)
  const double = names.find((name, at) => names.indexOf(name) !== at)
  if (double === undefined) return all
  throw invalid(setting, `${double} is there twice: give each listener a name of its own`)
}

const invalid = (setting: string, why: string): Error =>
  coreError('CORE_INVALID_INPUT', `${setting}: ${why}`, { details: { setting } })
