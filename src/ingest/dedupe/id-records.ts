/** What of given ids lies in the log: a header with the time of arrival, and `ce_id`. */
import { isMillraceError, type LogRecord, type RecordHeader } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import { digestOf, type IdIndex, type IdPlace } from './id-index.ts'

/** Only records whose id the sender gave have it. Milliseconds since the Unix epoch: a record's timestamp is event time. */
const ARRIVED = 'millrace_arrived'
const ID = 'ce_id'

export const arrivalHeader = (nowMs: number): RecordHeader => ({
  key: ARRIVED,
  value: Buffer.from(String(nowMs)),
})

const headerOf = (record: LogRecord, key: string): Uint8Array | null | undefined =>
  record.headers.find((header) => header.key === key)?.value

export const idOf = (record: LogRecord): string | undefined => {
  const id = headerOf(record, ID)
  return id ? Buffer.from(id).toString() : undefined
}

/** Reads the end of a topic into the index: of each partition at most the last `maxIds` records. */
export async function readIds(
  log: Log,
  topic: string,
  index: IdIndex,
  maxIds: number,
): Promise<void> {
  const { partitions } = await log.topic(topic)
  const queues = partitions.map(({ partition, earliest, end }) =>
    log.read(topic, partition, Math.max(earliest, end - maxIds))[Symbol.asyncIterator](),
  )
  interface Head {
    readonly at: number
    readonly records: readonly LogRecord[]
    readonly queue: (typeof queues)[number]
  }
  const pull = async (queue: (typeof queues)[number]): Promise<Head[]> => {
    const next = await queue.next()
    if (next.done === true) return []
    const { records } = next.value
    return [{ at: arrivalOf(records.find(arrivalOf)) ?? 0, records, queue }]
  }
  try {
    let heads = (await Promise.all(queues.map(pull))).flat()
    // The partition whose next records are the oldest goes first: entries leave the index in the order in which they came.
    while (heads.length > 0) {
      const oldest = heads.reduce((a, b) => (b.at < a.at ? b : a))
      for (const record of oldest.records) {
        const arrived = arrivalOf(record)
        const id = headerOf(record, ID)
        if (arrived === undefined || !id) continue
        index.set(digestOf(id), record, Math.floor(arrived / 1_000))
      }
      heads = [...heads.filter((head) => head !== oldest), ...(await pull(oldest.queue))]
    }
  } finally {
    for (const queue of queues) await queue.return?.(undefined)
  }
}

function arrivalOf(record: LogRecord | undefined): number | undefined {
  const value = record && headerOf(record, ARRIVED)
  return value ? Number(Buffer.from(value).toString()) : undefined
}

/** Visits the records at these places, one at a time; those that are gone, or whose topic is, are left out. */
export async function visitPlaces(
  log: Log,
  topic: string,
  places: readonly IdPlace[],
  visit: (record: LogRecord) => void,
): Promise<void> {
  if (places.length === 0) return
  const known = await log.topic(topic).catch((error: unknown) => {
    if (isMillraceError(error, 'LOG_UNKNOWN_TOPIC')) return undefined
    throw error
  })
  const inLog = places.filter(({ partition, offset }) =>
    known?.partitions.some(
      (info) => info.partition === partition && info.earliest <= offset && offset < info.end,
    ),
  )
  for (const { partition, first, last } of runsOf(inLog)) {
    for await (const { records } of log.read(topic, partition, first, { to: last + 1 })) {
      for (const record of records) visit(record)
    }
  }
}

export const placeKey = ({ partition, offset }: IdPlace): string => `${partition}/${offset}`

function runsOf(places: readonly IdPlace[]): { partition: number; first: number; last: number }[] {
  const runs: { partition: number; first: number; last: number }[] = []
  const sorted = places.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
  for (const { partition, offset } of sorted) {
    const run = runs.at(-1)
    if (run?.partition === partition && offset <= run.last + 1) run.last = offset
    else runs.push({ partition, first: offset, last: offset })
  }
  return runs
}
