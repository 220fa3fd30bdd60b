/**
 * Honest probes (promise P15): each role does what it would do for a caller, and says in sentences what is missing. Ingest
 * never waits for a model.
 */
import { open, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { formatDuration, type Clock } from '../core/index.ts'
import type { Ingest } from '../ingest/index.ts'
import type { TaskName } from '../models/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Serving } from '../serving/index.ts'
import type { TableSink } from '../stream/index.ts'
import type { ModelSpec, Trainer } from '../training/index.ts'
import type { LogHealth } from './log-health.ts'
import type { StartRole } from './roles.ts'
import type { QueryService, Role, RoleReadiness } from './running-app.ts'

/** A probe's answer is used again for so long: callers poll, and a fault must show within 2 s. */
const FRESH_MS = 1_000
/** With the age of the last answer this makes the 2 s. */
const QUERY_MS = 800

export interface ReadinessOptions {
  readonly roles: ReadonlySet<StartRole>
  readonly clock: Clock
  /** Folder on the disk of the log. */
  readonly folder: string
  readonly logHealth: LogHealth
  readonly spool: Ingest['spool']
  /** Largest event: room for it is what a spool needs. */
  readonly recordBytes: number
  readonly sinks: ReadonlyMap<string, TableSink>
  readonly query: QueryService
  readonly models: ReadonlyMap<string, ModelSpec>
  readonly serving: Serving
  readonly trainer: Trainer
  readonly registry: Registry
  readonly isStopping: () => boolean
}

export interface Readiness {
  check(role?: Role): Promise<readonly RoleReadiness[]>
}

/** What is probed where a role runs. */
const PROBES = [
  ['ingest', 'ingest'],
  ['sink', 'query'],
  ['serve', 'serve'],
] as const satisfies readonly (readonly [StartRole, Role])[]

export function createReadiness(options: ReadinessOptions): Readiness {
  const { logHealth, spool } = options
  const canStore = cached(options.clock, async () => {
    const faults = await logHealth.faults()
    const room = spool()
    const waits = faults.length > 0 && room !== undefined && room.freeBytes >= options.recordBytes
    return [...(await storeProbe(options.folder, options.recordBytes)), ...(waits ? [] : faults)]
  })
  const warningsOf = (role: Role): readonly string[] => {
    const { events = 0 } = spool() ?? {}
    if (role === 'serve') {
      return options.serving.problems().map(({ model, problem }) => `${model}: ${problem}`)
    }
    if (role !== 'ingest') return []
    const waiting = events > 0 ? [`${events} events wait here for the Kafka cluster`] : []
    return [...logHealth.shortcomings, ...waiting]
  }
  const canQuery = cached(options.clock, () => queryProbe(options))
  const waitingOf: Record<Role, () => Promise<readonly string[]>> = {
    ingest: canStore,
    query: canQuery,
    serve: () => Promise.resolve(serveProbe(options)),
  }
  const started = PROBES.filter(([role]) => options.roles.has(role)).map(([, probe]) => probe)
  const waitingFor = async (role: Role): Promise<readonly string[]> => {
    if (options.isStopping()) return ['the app is stopping']
    if (started.includes(role)) return waitingOf[role]()
    return [
      `${role} does not run here: this process has the roles ${[...options.roles].join(', ')}`,
    ]
  }
  return {
    check: (role) =>
      Promise.all(
        (role === undefined ? started : [role]).map(async (one): Promise<RoleReadiness> => {
          const waiting = await waitingFor(one)
          return { role: one, ready: waiting.length === 0, waiting, warnings: warningsOf(one) }
        }),
      ),
  }
}

function cached(
  clock: Clock,
  probe: () => Promise<readonly string[]>,
): () => Promise<readonly string[]> {
  let last: { readonly at: number; readonly answer: Promise<readonly string[]> } | undefined
  return () => {
    const now = clock.monotonic()
    if (!last || now - last.at > FRESH_MS) last = { at: now, answer: probe() }
    return last.answer
  }
}

/** What every acknowledgement needs: bytes that reach the disk. */
async function storeProbe(folder: string, recordBytes: number): Promise<readonly string[]> {
  try {
    const { bavail, bsize } = await statfs(folder)
    // The few bytes below may find room where no event does.
    if (bavail * bsize < recordBytes) {
      return [
        `the disk of ${folder} has ${bavail * bsize} bytes left, less than one event may take`,
      ]
    }
    const file = await open(join(folder, 'probe'), 'w', 0o600)
    try {
      await file.writeFile('x'.repeat(4096))
      await file.datasync()
    } finally {
      await file.close()
    }
    return []
  } catch (error) {
    return [`the disk of ${folder} cannot store data: ${(error as Error).message}`]
  }
}

async function queryProbe(options: ReadinessOptions): Promise<readonly string[]> {
  const waiting = [...options.sinks.values()].flatMap((sink) => {
    const failure = sink.failure()
    return failure ? [`table ${sink.table} is not written: ${failure.message}`] : []
  })
  const failure = await queryFailure(options)
  return failure === undefined ? waiting : [...waiting, failure]
}

async function queryFailure({ query, clock }: ReadinessOptions): Promise<string | undefined> {
  let cancel = (): void => {}
  const late = new Promise<string | undefined>((resolve) => {
    cancel = clock.after(QUERY_MS, () => {
      // Behind the long queries of others it waits as everybody does.
      resolve(query.underWay > 1 ? undefined : `queries do not answer within ${QUERY_MS} ms`)
    })
  })
  const answer = query.run('select 1').then(
    () => undefined,
    (error: Error) => `queries fail: ${error.message}`,
  )
  try {
    return await Promise.race([answer, late])
  } finally {
    cancel()
  }
}

function serveProbe(options: ReadinessOptions): readonly string[] {
  const live = new Set(options.serving.live().map(({ model }) => model))
  return [...options.models.keys()]
    .filter((model) => !live.has(model))
    .map((model) => `${model} ${missingOf(model, options)}`)
}

const NOUNS: Readonly<Record<TaskName, string>> = {
  classifier: 'labelled events',
  regressor: 'labelled events',
  clusterer: 'entities',
  recommender: 'events',
}

/** What a model without a live version waits for: "needs 200 labelled events, has 37". */
export function missingOf(
  model: string,
  options: Pick<ReadinessOptions, 'models' | 'trainer' | 'registry'>,
): string {
  const noun = NOUNS[options.models.get(model)?.task ?? 'classifier']
  const state = options.trainer.readiness().find((entry) => entry.model === model)
  const { needsMs = 0, hasMs = 0 } = state ?? {}
  if (hasMs < needsMs) {
    return `looks ahead and needs events of ${formatDuration(needsMs)}, has ${formatDuration(hasMs)}`
  }
  if (state && !state.ready) return `needs ${state.needsRows} ${noun}, has ${state.hasRows}`
  const job = options.trainer.jobs().findLast((entry) => entry.model === model)
  if (job?.state === 'running') return `is training (${Math.round(job.progress * 100)} %)`
  if (job?.state === 'queued') return 'waits for its training'
  if (job?.state === 'failed') return `has no version: ${job.error?.message ?? 'training failed'}`
  const rejected = options.registry.models().some(({ name }) => name === model)
    ? options.registry.versions(model).findLast(({ status }) => status === 'rejected')
    : undefined
  if (rejected) {
    return `has no version that the gate accepted: version ${rejected.version} ${rejected.gate.reason}`
  }
  return 'has enough data and waits for its next training'
}
