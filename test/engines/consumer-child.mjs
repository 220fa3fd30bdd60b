// A member of a group in a process of its own: says what it owns, and commits offset 2 when a line comes.
import { createInterface } from 'node:readline'
import { openLog } from '../../dist/log/index.js'

const log = await openLog({
  dir: '.',
  url: process.argv[2],
  properties: { 'session.timeout.ms': '1500', 'heartbeat.interval.ms': '100' },
  env: {},
})
const consumer = await log.consumer({ group: process.argv[3], topics: ['t'], from: 'earliest' })
process.stdout.write(`owns ${consumer.assignment().length}\n`)
for await (const _ of createInterface({ input: process.stdin })) {
  const answer = await consumer.commitOffsets([{ topic: 't', partition: 0, offset: 2 }]).then(
    () => 'committed',
    (error) => error.code,
  )
  process.stdout.write(`${answer}\n`)
}
