/** What `millrace start` would run with, and where each value comes from: a flag, a variable, the app file, or a default. */
import { z } from 'zod'
import type { AppDefinition } from '../app/index.ts'
import type { StartFlags } from './start.ts'

export interface Setting {
  readonly name: string
  readonly value: string | number | boolean
  readonly origin: string
}

/** In the order of how a start decides: a flag goes before a variable, that before the app file, that before the default. */
const PLACES: readonly {
  readonly name: string
  readonly flag?: keyof StartFlags
  readonly variable?: string
  readonly app?: (app: AppDefinition) => string | number | undefined
  readonly fallback: (app: AppDefinition) => string | number
}[] = [
  { name: 'port', flag: 'port', variable: 'PORT', app: ({ port }) => port, fallback: () => 8080 },
  { name: 'host', flag: 'host', fallback: () => '127.0.0.1' },
  {
    name: 'data-dir',
    flag: 'dataDir',
    variable: 'MILLRACE_DATA_DIR',
    fallback: ({ name }) => `.millrace/${name}`,
  },
  { name: 'data', flag: 'data', fallback: () => 'generated' },
  { name: 'log', flag: 'log', variable: 'MILLRACE_LOG', fallback: () => 'embedded' },
  { name: 'roles', flag: 'roles', variable: 'MILLRACE_ROLES', fallback: () => 'all' },
  { name: 'on-outage', flag: 'onOutage', fallback: () => 'refuse' },
  {
    name: 'broker-port',
    flag: 'brokerPort',
    variable: 'MILLRACE_BROKER_PORT',
    fallback: () => 9092,
  },
  {
    name: 'broker-listeners',
    flag: 'brokerListeners',
    variable: 'MILLRACE_BROKER_LISTENERS',
    fallback: () => 'the broker port',
  },
  {
    name: 'broker-advertised-listeners',
    flag: 'brokerAdvertisedListeners',
    variable: 'MILLRACE_BROKER_ADVERTISED_LISTENERS',
    fallback: () => 'the listeners',
  },
  {
    name: 'broker-allow-remote',
    flag: 'brokerAllowRemote',
    variable: 'MILLRACE_BROKER_ALLOW_REMOTE',
    fallback: () => 'false',
  },
  { name: 'rate', flag: 'rate', fallback: () => 'of each source' },
  { name: 'order', flag: 'order', fallback: () => 'of each source' },
  { name: 'log-level', flag: 'logLevel', variable: 'LOG_LEVEL', fallback: () => 'warn or info' },
]

/** @param file of the app, as it is shown. */
export function effectiveSettings(
  app: AppDefinition,
  file: string,
  flags: Partial<StartFlags>,
  env: Readonly<Record<string, string | undefined>>,
): Setting[] {
  const started = PLACES.map(({ name, flag, variable, app: declared, fallback }): Setting => {
    const given = flag === undefined ? undefined : flags[flag]
    const preset = fallback(app)
    // The one option with a default of its own looks as if it had been given.
    if (given !== undefined && given !== preset) {
      return { name, value: textOf(given), origin: `--${name}` }
    }
    const set = variable === undefined ? undefined : env[variable]
    if (variable !== undefined && set !== undefined && set !== '') {
      return { name, value: set, origin: variable }
    }
    const own = declared?.(app)
    return own === undefined
      ? { name, value: preset, origin: 'default' }
      : { name, value: own, origin: file }
  })
  const { port: _, ...rest } = app
  return [...started, ...leavesOf(rest, '', file)]
}

const textOf = (value: unknown): string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value)

/** What the app file spells out: `topics.ratings.batch.rows`. Schemas, SQL of features and handlers are code, not settings. */
function leavesOf(value: unknown, path: string, origin: string): Setting[] {
  if (value instanceof z.ZodType || typeof value === 'function') return []
  if (Array.isArray(value) || (typeof value === 'object' && value !== null)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      ['features', 'routes', 'schema'].includes(key)
        ? []
        : leavesOf(inner, path === '' ? key : `${path}.${key}`, origin),
    )
  }
  if (value === undefined || value === null) return []
  return [{ name: path, value: textOf(value), origin }]
}
