/**
 * The consumer of the conveyor test: the real log, lake and sink of `dist/`, fed by itself until told to stop. It is ended by
 * SIGKILL, by its parent at a random moment or by itself at a failpoint.
 *
 * Arguments: data folder, rows to reach in the log (a multiple of 4), failpoint of sink or lake (or `-`), how often the failpoint
 * is passed before it strikes, `folders` for a table by day and kind, whose batches are several files each.
 */
import { openLake } from '../../dist/lake/index.js'
import { openLog } from '../../dist/log/index.js'
import { openTableSink } from '../../dist/stream/index.js'
import { silentLogger, systemClock as clock } from '../../dist/core/index.js'

const [dir, total, name, passes, layout] = process.argv.slice(2)
const topic = 'numbers'
const PARTITIONS = 4
const columns = [
  { name: 'n', type: 'integer', nullable: false },
  { name: 'kind', type: 'text', nullable: true },
  { name: 'at', type: 'integer', nullable: false },
]
const partitionBy =
  layout === 'folders'
    ? [
        { name: 'day', from: 'at', unit: 'day' },
        { name: 'kind', from: 'kind' },
      ]
    : []
/** Noon of five days, so that a batch lies in several of them. */
const FIRST_DAY = Date.UTC(2018, 11, 29, 12)
const DAY = 86_400_000
const encoder = new TextEncoder()
let left = Number(passes)
const failpoint = (reached) => {
  if (reached === name && left-- <= 0) process.kill(process.pid, 'SIGKILL')
}

const log = await openLog({ dir: `${dir}/log`, clock })
await log.createTopic({ name: topic, partitions: PARTITIONS })
const lake = await openLake({ dir: `${dir}/lake`, clock, logger: silentLogger, failpoint })
const table = await lake.openTable({ name: topic, topic, columns, partitionBy })
const sink = await openTableSink({
  log,
  table,
  topic,
  columns,
  clock,
  policy: { rows: 750, everyMs: 2_000 },
  failpoint,
})
process.send({ type: 'open' })

/** The event that belongs at an offset; one in 97 is no row, one in 3 is of no kind. */
const event = (partition, offset) => {
  const n = offset * PARTITIONS + partition
  return {
    key: null,
    value: encoder.encode(
      n % 97 === 0
        ? `bad ${n}`
        : JSON.stringify({
            n,
            at: FIRST_DAY + (n % 5) * DAY,
            ...(n % 3 !== 0 && { kind: `k/${n % 2}` }),
          }),
    ),
    headers: [],
    timestamp: clock.now(),
    partition,
  }
}

// An append to several partitions that was cut short may have reached some of them, so each goes on at its own end.
const target = Number(total) / PARTITIONS
for (;;) {
  const { partitions } = await log.topic(topic)
  const records = partitions.flatMap(({ partition, end }) =>
    Array.from({ length: Math.max(0, Math.min(100, target - end)) }, (_, index) =>
      event(partition, end + index),
    ),
  )
  if (records.length === 0) break
  await log.append(topic, records)
}
await sink.flush()
process.send({ type: 'done', batches: sink.batches().length })
await sink.close()
await lake.close()
await log.close()
process.disconnect()
