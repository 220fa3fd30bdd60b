/**
 * The server of the dedupe test: the real log and ingest of `dist/`. Each message is one call with events that carry ids; the
 * answer goes back when it is durable, unless the parent has killed the process by then.
 *
 * Arguments: data folder.
 */
import { createIngest } from '../../dist/ingest/index.js'
import { openLog } from '../../dist/log/index.js'
import { systemClock as clock } from '../../dist/core/index.js'

const log = await openLog({ dir: `${process.argv[2]}/log`, clock })
await log.createTopic({ name: 'events', partitions: 3 })
const ingest = createIngest({ log, clock })
ingest.declare({ topic: 'events', columns: [], key: 'id', id: 'id' })

async function* bodyOf(ids) {
  yield Buffer.from(ids.map((id) => JSON.stringify({ id, text: `event ${id}` })).join('\n'))
}

process.on('message', async ({ call, ids }) => {
  const answer = await ingest.receive('events', bodyOf(ids), { format: 'ndjson', source: 'test' })
  process.send?.({ call, answer })
})
process.send({ ready: true })
