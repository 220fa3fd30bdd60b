/**
 * The consumer of the B tests: the real log, lake and sink, fed by itself. It is ended by SIGKILL, by its parent at a random
 * moment or by itself at a failpoint; or it halts there, for the power to be cut.
 *
 * Argument: `ChildOptions` as JSON.
 */
import { silentLogger, systemClock as clock, type Column } from '../../../src/core/index.ts'
import { openLake, type PartitionColumn } from '../../../src/lake/index.ts'
import { openLog, type Log } from '../../../src/log/index.ts'
import { openTableSink, type BatchPolicy } from '../../../src/stream/index.ts'
import { eventAt, PARTITIONS, TOPIC } from './events.ts'

export type Layout = 'plain' | 'folders'
export const LAYOUTS: readonly Layout[] = ['plain', 'folders']

export interface ChildOptions {
  readonly dir: string
  readonly layout: Layout
  readonly columns: readonly Column[]
  readonly policy: BatchPolicy
  /** Lengths of the log, ascending multiples of the partitions; at each all is flushed into the lake. */
  readonly steps: readonly number[]
  /** After the last step small files are merged. */
  readonly compact?: boolean
  /** After the last step retention of the log runs, which may take what the lake has. */
  readonly trim?: boolean
  readonly strike?: Strike
}

export interface Strike {
  /** A failpoint of sink or lake, or `log-trimmed`. */
  readonly at: string
  /** How often it is passed before. */
  readonly passes: number
  readonly how: 'kill' | 'halt'
}

/** What the parent is told. */
export type ChildMessage = { readonly type: 'open' | 'struck' | 'done' }

/** By day and kind: a batch is several files. */
export const partitionByOf = (layout: Layout): PartitionColumn[] =>
  layout === 'plain'
    ? []
    : [
        { name: 'day', from: 'at', unit: 'day' },
        { name: 'kind', from: 'kind' },
      ]

/** Much smaller than the log gets, so that a trimming has something to take. */
const TRIMMED = { segmentBytes: 8 * 1024, retentionBytes: 8 * 1024 }

function striking(strike: Strike | undefined): (reached: string) => void | Promise<void> {
  let left = strike?.passes ?? 0
  return (reached) => {
    if (reached !== strike?.at || left-- > 0) return undefined
    if (strike.how === 'kill') process.kill(process.pid, 'SIGKILL')
    process.send?.({ type: 'struck' })
    // Nothing after this instruction happens; the open channel keeps the process alive.
    return new Promise<void>(() => {})
  }
}

/** An append to several partitions that was cut short may have reached some of them, so each goes on at its own end. */
async function fill(log: Log, total: number): Promise<void> {
  const target = total / PARTITIONS
  for (;;) {
    const { partitions } = await log.topic(TOPIC)
    const records = partitions.flatMap(({ partition, end }) =>
      Array.from({ length: Math.max(0, Math.min(100, target - end)) }, (_, index) =>
        eventAt(partition, end + index),
      ),
    )
    if (records.length === 0) return
    await log.append(TOPIC, records)
  }
}

async function run(options: ChildOptions): Promise<void> {
  const { dir, layout, columns, policy, steps } = options
  const failpoint = striking(options.strike)
  const log = await openLog({ dir: `${dir}/log`, clock, cleanIntervalMs: 0 })
  const config = options.trim === true ? TRIMMED : {}
  await log.createTopic({ name: TOPIC, partitions: PARTITIONS, config })
  const lake = await openLake({ dir: `${dir}/lake`, clock, logger: silentLogger, failpoint })
  const partitionBy = partitionByOf(layout)
  const table = await lake.openTable({ name: TOPIC, topic: TOPIC, columns, partitionBy })
  const sink = await openTableSink({ log, table, topic: TOPIC, columns, clock, policy, failpoint })
  process.send?.({ type: 'open' })
  for (const step of steps) {
    await fill(log, step)
    await sink.flush()
  }
  if (options.compact === true) await table.compact()
  if (options.trim === true) {
    await log.clean()
    await failpoint('log-trimmed')
  }
  process.send?.({ type: 'done' })
  await sink.close()
  await lake.close()
  await log.close()
  process.disconnect?.()
}

const [given] = process.argv.slice(2)
if (process.send !== undefined && given !== undefined) await run(JSON.parse(given) as ChildOptions)
