/**
 * `millrace start`: app file → running app → REST server, until a signal.
 *
 * Stop, in order: 1 the server drains (what began is answered) · 2 the app stops (sources, sinks, log) · 3 the instance file
 * goes. The first signal begins it, the second ends the process at once; the log and the lake survive both.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { START_ROLES, type RunningApp } from '../app/index.ts'
import { attachAddress, brokerPlace, hostAndPort, type BrokerFlags } from './broker-place.ts'
import { systemClock } from '../core/index.ts'
import type { CommandTools } from './command.ts'
import { createConsoleLogger } from './console-logger.ts'
import { curlLines } from './curl-lines.ts'
import { removeInstance, userPath, writeInstance } from './instance.ts'
import { loadApp } from './load-app.ts'
import { fromEnvironment, integer } from './option-values.ts'
import type { Output } from './output.ts'
import { rememberApp } from './remembered-app.ts'
import { startPlace, type PlaceFlags } from './start-place.ts'
import { showProgress } from './start-progress.ts'

export interface StartFlags extends BrokerFlags, PlaceFlags {
  readonly port?: number
  readonly host: string
  readonly data?: string
  readonly onOutage?: 'refuse' | 'spool'
  readonly rate?: number
  readonly order?: 'event-time' | 'file'
  readonly sources: boolean
  readonly logLevel?: string
  readonly allowHost?: readonly string[]
  readonly allowOrigin?: readonly string[]
  readonly insecureNoKeys?: boolean
}

const DEFAULT_PORT = 8080
const MODEL_POLL_MS = 250
/** One Ctrl-C comes twice under `npm start`: from the terminal, and passed on by npm. A person is slower the second time. */
const SAME_SIGNAL_MS = 250

export async function start(path: string, flags: StartFlags, tools: CommandTools): Promise<void> {
  const stopping = new AbortController()
  let first: { readonly signal: string; readonly at: number } | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    const at = systemClock.monotonic()
    if (first?.signal === signal && at - first.at < SAME_SIGNAL_MS) return
    if (first) process.exit(130)
    first = { signal, at }
    tools.output.note('stopping: finishing what began (once more to end at once)')
    stopping.abort(new Error('a signal came'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    await run(path, flags, tools, stopping.signal)
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

async function run(
  path: string,
  flags: StartFlags,
  { output }: CommandTools,
  stop: AbortSignal,
): Promise<void> {
  const [{ startApp }, { buildServer, listen, checkListenAddress }, { definition, file }] =
    await Promise.all([import('../app/index.ts'), import('../api/index.ts'), loadApp(path)])
  checkListenAddress(flags.host, flags.insecureNoKeys === true)
  const port = portOf(flags, definition.port)
  const { dataDir, ...place } = startPlace(definition, flags)
  const logger = await createConsoleLogger(flags.logLevel)
  const app = await startApp(definition, {
    dataDir,
    logger,
    ...place,
    ...(flags.onOutage && { onOutage: flags.onOutage }),
    broker: brokerPlace(flags),
    ...(flags.data === undefined ? {} : { sourceData: userPath(flags.data) }),
    replay: { rate: flags.rate, order: flags.order, enabled: flags.sources },
  })
  let server: FastifyInstance | undefined
  try {
    rememberApp(dataDir, file)
    server = buildServer(app, {
      allowedHosts: [...(flags.allowHost ?? []), ...(flags.insecureNoKeys ? ['*'] : [])],
      allowedOrigins: flags.allowOrigin ?? [],
    })
    const url = await listen(server, {
      host: flags.host,
      port,
      insecureNoKeys: flags.insecureNoKeys === true,
    })
    writeInstance({
      app: definition.name,
      url,
      pid: process.pid,
      startedAt: app.startedAt,
      dataDir,
      roles: [...app.roles],
      ...attachAddress(app.broker, place.log),
    })
    greet(app, url, output)
    await live(app, server, url, output, stop)
  } finally {
    await shutDown(app, server, dataDir)
  }
}

function portOf(flags: StartFlags, declared: number | undefined): number {
  return flags.port ?? fromEnvironment('PORT', integer(0, 65_535)) ?? declared ?? DEFAULT_PORT
}

function greet(app: RunningApp, url: string, output: Output): void {
  output.line(`${app.definition.name} is listening`)
  output.line(`  REST      ${url}`)
  output.line(`  dashboard ${url}/ui`)
  output.line(`  docs      ${url}/docs`)
  output.line(`  status    ${url}/v1/status`)
  output.line(`  metrics   ${url}/metrics`)
  for (const { host, port } of app.broker?.addresses ?? []) {
    output.line(`  kafka     ${hostAndPort(host, port)}`)
  }
  output.line(`  data      ${app.dataDir}`)
  if (app.roles.size < START_ROLES.length) {
    output.line(`  roles     ${[...app.roles].join(', ')}; the others run elsewhere, or not at all`)
  }
  for (const warning of app.warnings()) output.note(`warning: ${warning}`)
}

/** Shows progress, and the curl lines once the models serve; resolves at the signal. */
async function live(
  app: RunningApp,
  server: FastifyInstance,
  url: string,
  output: Output,
  stop: AbortSignal,
): Promise<void> {
  const progress = showProgress(app, output)
  try {
    while (!stop.aborted && !everyModelServes(app)) await pause(MODEL_POLL_MS, stop)
    if (!stop.aborted && app.models.size > 0) {
      // They show events of the log, which may be away; that ends a greeting, not the app.
      const lines = await curlLines(app, server, url).catch(() => [])
      output.line()
      output.line('Models serve. Try:')
      for (const line of lines) output.line(`  ${line}`)
      output.line()
    }
    while (!stop.aborted) await pause(60_000, stop)
  } finally {
    progress.stop()
  }
}

const everyModelServes = (app: RunningApp): boolean => {
  const live = new Set(app.serving.live().map(({ model }) => model))
  return [...app.models.keys()].every((name) => live.has(name))
}

const pause = (ms: number, stop: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal: stop }).catch(() => {})

async function shutDown(
  app: RunningApp,
  server: FastifyInstance | undefined,
  dataDir: string,
): Promise<void> {
  await server?.close()
  await app.stop()
  removeInstance(dataDir)
}
