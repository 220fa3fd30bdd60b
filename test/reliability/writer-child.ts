/**
 * The victim of A1, A2 and A6: appends from four clients until it is ended, and says each acknowledgement the moment it has
 * it. Arguments: folder, seed. `MILLRACE_SYNC` = `none` makes it a saboteur that never syncs, `slow` makes each sync take
 * 60 ms, so that what is not synced stays unsynced for long enough to be seen (sync-mode.mjs).
 */
import { createRandom } from '../../src/kernels/index.ts'
import { payload } from './payload.ts'

const [dir = '', seed = '1'] = process.argv.slice(2)
const { openLog } = await import('../../src/log/index.ts')
const TOPICS = ['a', 'b', 'c']
const PARTITIONS = 4
const CLIENTS = 4
const log = await openLog({ dir })
for (const name of TOPICS) {
  await log.createTopic({ name, partitions: PARTITIONS, config: { segmentBytes: 1024 * 1024 } })
}
process.stdout.write('open\n')

async function client(number: number): Promise<never> {
  const random = createRandom(Number(seed) * 10 + number)
  for (let count = 0; ;) {
    const topic = TOPICS[random.int(TOPICS.length)]!
    const partition = random.int(PARTITIONS)
    const ids = Array.from({ length: 1 + random.int(100) }, () => `${seed}-${number}-${count++}`)
    const records = ids.map((id) => ({
      key: null,
      value: payload(id, 200 + random.int(random.int(20) === 0 ? 20_000 : 800)),
      headers: [],
      timestamp: Date.now(),
      partition,
    }))
    try {
      const places = await log.append(topic, records)
      const lines = places.map(({ offset }, at) => `${topic} ${partition} ${offset} ${ids[at]} .\n`)
      process.stdout.write(lines.join(''))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      process.stdout.write(`refused ${code}\n`)
      await new Promise((resolve) => void setTimeout(resolve, 20))
    }
  }
}
await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
