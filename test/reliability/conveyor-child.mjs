/**
 * The consumer of the conveyor test: the real log, lake and sink of `dist/`, fed by itself until told to stop. It is ended by
 * SIGKILL, by its parent at a random moment or by itself at a failpoint.
 *
 * Arguments: data folder, rows to reach in the log, failpoint (or `-`), how often the failpoint is passed before it strikes.
 */
import { openLake } from '../../dist/lake/index.js'
import { openLog } from '../../dist/log/index.js'
import { openTableSink } from '../../dist/stream/index.js'
import { silentLogger, systemClock as clock } from '../../dist/core/index.js'

const [dir, total, failpoint, passes] = process.argv.slice(2)
const topic = 'numbers'
const columns = [{ name: 'n', type: 'integer', nullable: false }]
const encoder = new TextEncoder()
let left = Number(passes)

const log = await openLog({ dir: `${dir}/log`, clock })
await log.createTopic({ name: topic, partitions: 4 })
const lake = await openLake({ dir: `${dir}/lake`, clock, logger: silentLogger })
const table = await lake.openTable({ name: topic, topic, columns })
const sink = await openTableSink({
  log,
  table,
  topic,
  columns,
  clock,
  policy: { rows: 750, everyMs: 2_000 },
  failpoint(name) {
    if (name === failpoint && left-- <= 0) process.kill(process.pid, 'SIGKILL')
  },
})
process.send({ type: 'open' })

/** One event in 97 is no row. */
const event = (n) => ({
  key: null,
  value: encoder.encode(n % 97 === 0 ? `bad ${n}` : JSON.stringify({ n })),
  headers: [],
  timestamp: clock.now(),
  partition: n % 4,
})

const ends = async () => (await log.topic(topic)).partitions.reduce((sum, { end }) => sum + end, 0)
for (let written = await ends(); written < Number(total);) {
  const count = Math.min(400, Number(total) - written)
  await log.append(
    topic,
    Array.from({ length: count }, (_, index) => event(written + index)),
  )
  written += count
  process.send({ type: 'acknowledged', written })
}
await sink.flush()
process.send({ type: 'done', batches: sink.batches().length })
await sink.close()
await lake.close()
await log.close()
process.disconnect()
