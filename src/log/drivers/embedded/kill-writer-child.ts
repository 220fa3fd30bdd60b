/**
 * The victim of the kill test: a process of its own that appends until it is killed and tells its parent what was
 * acknowledged. Arguments: folder, seed.
 */
import { openLog } from '../../open-log.ts'
import { record } from '../../log-world.conformance.ts'

const [dir = '', seed = '1'] = process.argv.slice(2)
const PARTITIONS = 3
/** Enough appends under way that group commit has something to do. */
const WRITERS = 8
const MAX_BATCH = 40
/** Ends by itself when nobody kills it. */
const MAX_APPENDS = 5_000

let state = Number(seed)
/** Park and Miller's generator (CACM 1988): small, and the same everywhere. */
const random = (below: number): number => {
  state = (state * 48_271) % 2_147_483_647
  return state % below
}

const log = await openLog({ dir })
await log.createTopic({ name: 't', partitions: PARTITIONS, config: { segmentBytes: 64 * 1024 } })
process.stdout.write(`open\n`)

let sent = 0
async function write(): Promise<void> {
  for (let appends = 0; appends < MAX_APPENDS; appends++) {
    const partition = random(PARTITIONS)
    const values = Array.from(
      { length: 1 + random(MAX_BATCH) },
      () => `${seed}-${sent++}-${'x'.repeat(random(400))}`,
    )
    const places = await log.append(
      't',
      values.map((value) => record(value, { partition })),
    )
    // Acknowledged from here on: the parent has it before anything else happens.
    const lines = places.map(({ offset }, index) => `${partition} ${offset} ${values[index]} .`)
    process.stdout.write(`${lines.join('\n')}\n`)
  }
}
await Promise.all(Array.from({ length: WRITERS }, write))
