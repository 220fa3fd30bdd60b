/** Starts the writer, keeps its journal of acknowledgements, and checks a log against it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { openLog } from '../../src/log/index.ts'
import { Anomaly, type AnomalyName } from './anomaly.ts'
import { idOf } from './payload.ts'

/** "topic/partition/offset" → id, as acknowledged. */
export type Journal = Map<string, string>

export interface Writer {
  readonly opened: Promise<void>
  /** Why appends were refused, by error code. */
  readonly refused: Map<string, number>
  /** What comes after this call counts as not acknowledged. */
  freeze(): void
  kill(): Promise<void>
}

export function startWriter(dir: string, seed: number, journal: Journal, sync = ''): Writer {
  const entry = fileURLToPath(new URL('writer-child.ts', import.meta.url))
  const syncMode = new URL('sync-mode.mjs', import.meta.url).href
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--import', syncMode, entry, dir, String(seed)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, MILLRACE_SYNC: sync },
    },
  )
  const exited = once(child, 'exit')
  const refused = new Map<string, number>()
  let isFrozen = false
  let open = (): void => {}
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve
    void exited.then(() => reject(new Error('the writer ended before it had opened the log')))
  })
  // A writer that is ended early is nobody's failure.
  opened.catch(() => {})
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'open') open()
    const [topic, partition, offset, id, end] = line.split(' ')
    if (topic === 'refused') refused.set(partition!, (refused.get(partition!) ?? 0) + 1)
    if (end === '.' && !isFrozen) journal.set(`${topic}/${partition}/${offset}`, id!)
  })
  return {
    opened,
    refused,
    freeze: () => (isFrozen = true),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

export interface Checked {
  readonly anomalies: Partial<Record<AnomalyName, number>>
  readonly recoveryMs: number
  readonly worst?: string
}

export interface CheckOptions {
  /** The id of a stored value. Throws an anomaly for one that is not as it was sent. */
  readonly readId: (value: Uint8Array, where: string) => string
  /** Without it all topics. */
  readonly topics?: readonly string[]
}

/** Opens the log, reads all of it and compares. */
export async function checkLog(
  dir: string,
  journal: Journal,
  { readId, topics }: CheckOptions = { readId: idOf },
): Promise<Checked> {
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  let worst: string | undefined
  const note = (name: AnomalyName, what: string): void => {
    anomalies[name] = (anomalies[name] ?? 0) + 1
    worst ??= `${name}: ${what}`
  }
  const began = performance.now()
  let log
  try {
    log = await openLog({ dir })
  } catch (error) {
    note('unopenable', String(error))
    return { anomalies, recoveryMs: performance.now() - began, worst }
  }
  const recoveryMs = performance.now() - began
  const stored = new Map<string, string>()
  const ids = new Set<string>()
  for (const { name, partitions } of await log.topics()) {
    if (topics?.includes(name) === false) continue
    for (const { partition, earliest } of partitions) {
      let next = earliest
      try {
        for await (const { records } of log.read(name, partition, earliest)) {
          for (const { offset, value } of records) {
            const place = `${name}/${partition}/${offset}`
            if (offset !== next) note('gap', `${place}, expected ${next}`)
            next = offset + 1
            const id = readId(value!, place)
            if (ids.has(id)) note('duplicate', `${id} again at ${place}`)
            ids.add(id)
            stored.set(place, id)
          }
        }
      } catch (error) {
        note(error instanceof Anomaly ? error.anomaly : 'refused', String(error))
      }
    }
  }
  await log.close()
  for (const [place, id] of journal) {
    const found = stored.get(place)
    if (found === undefined) note('lost', `${id} at ${place}`)
    else if (found !== id) note('changed', `${place} holds ${found}, acknowledged was ${id}`)
  }
  return { anomalies, recoveryMs, worst }
}

export function addUp(
  sum: Partial<Record<AnomalyName, number>>,
  more: Partial<Record<AnomalyName, number>>,
): void {
  for (const [name, count] of Object.entries(more) as [AnomalyName, number][]) {
    sum[name] = (sum[name] ?? 0) + count
  }
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms))
