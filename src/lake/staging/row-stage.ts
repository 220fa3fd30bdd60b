/**
 * The rows of one batch while they become files: records go to another thread as they arrive, and what lies here meanwhile is
 * bounded. `lake.ts` says what a stage promises.
 */
import type { LogRecord } from '../../core/index.ts'
import type { RejectedRecord, RowStage, StagedRows } from '../lake.ts'
import { storageError } from '../durable-files.ts'
import { lakeError } from '../errors.ts'
import type { Rejection, Staged, StagingSpec } from './batch-stager.ts'
import { buffersOf, frameOf } from './record-frame.ts'
import { openStagingJob, type Answer } from './staging-pool.ts'

/** Bytes on their way to the thread and back, above which the caller should wait. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024
/** What a record weighs beside its bytes. */
const RECORD_BYTES = 72

interface Frame {
  readonly records: readonly LogRecord[]
  readonly bytes: number
}

/** `onRoom` is called whenever there is room again, and at a failure. */
export function openRowStage(spec: StagingSpec, onRoom: () => void = () => {}): RowStage {
  const waiting: Frame[] = []
  const rejected: RejectedRecord[] = []
  const roomWaiters: (() => void)[] = []
  let added: LogRecord[] = []
  let waitingBytes = 0
  let rows = 0
  let failure: Error | undefined
  let finished: Promise<StagedRows> | undefined
  let settle: { resolve(rows: Staged): void; reject(error: Error): void } | undefined

  const hasRoom = (): boolean => failure !== undefined || waitingBytes < MOST_WAITING_BYTES
  const tellRoom = (): void => {
    if (!hasRoom()) return
    for (const go of roomWaiters.splice(0)) go()
    onRoom()
  }
  const fail = (error: Error): void => {
    failure = error
    waiting.length = 0
    settle?.reject(error)
    job.end()
    tellRoom()
  }
  const converted = (rejections: readonly Rejection[]): void => {
    const frame = waiting.shift()
    if (!frame) return
    waitingBytes -= frame.bytes
    rows += frame.records.length - rejections.length
    for (const [index, issues] of rejections) {
      rejected.push({ record: copyOf(frame.records[index]!), issues })
    }
    tellRoom()
  }
  const job = openStagingJob((answer: Answer) => {
    if ('lost' in answer) fail(answer.lost)
    else if ('failure' in answer) fail(failureOf(answer.failure))
    else if ('rejected' in answer) converted(answer.rejected)
    else settle?.resolve(answer.staged)
  })
  job.send({ open: spec })

  const push = (): void => {
    const records = added
    added = []
    if (records.length === 0 || failure) return
    const frame = frameOf(records)
    const bytes = frame.bytes.length + frame.count * RECORD_BYTES
    waiting.push({ records, bytes })
    waitingBytes += bytes
    job.send({ frame }, buffersOf(frame))
  }
  const finish = async (): Promise<StagedRows> => {
    push()
    const staged = await new Promise<Staged>((resolve, reject) => {
      settle = { resolve, reject }
      if (failure) reject(failure)
      else job.send({ ask: 'finish' })
    })
    if (staged.needsLakeOrder) throw unordered()
    return { ...staged, length: rows, rejected: rejected.toSorted(byPlace) }
  }
  return {
    add(record) {
      added.push(record)
    },
    push,
    hasRoom,
    room: () => (hasRoom() ? Promise.resolve() : new Promise((go) => roomWaiters.push(go))),
    finish: () => (finished ??= finish()),
    discard() {
      if (failure) return
      failure = lakeError('LAKE_CLOSED', 'the rows of this batch were discarded')
      job.send({ ask: 'discard' })
      job.end()
      settle?.reject(failure)
    },
  }
}

const byPlace = ({ record: a }: RejectedRecord, { record: b }: RejectedRecord): number =>
  a.partition - b.partition || a.offset - b.offset

/** Views would keep the log's whole buffers. */
function copyOf(record: LogRecord): LogRecord {
  const bytesOf = (bytes: Uint8Array | null): Uint8Array | null => bytes && Uint8Array.from(bytes)
  return {
    ...record,
    key: bytesOf(record.key),
    value: bytesOf(record.value),
    headers: record.headers.map(({ key, value }) => ({ key, value: bytesOf(value) })),
  }
}

const failureOf = ({ message, code }: { message: string; code: string | undefined }): Error =>
  storageError(Object.assign(new Error(message), { code }), 'a batch on its way to the lake')

const unordered = (): Error =>
  lakeError(
    'LAKE_OUT_OF_ORDER',
    'the batch has more folders than it may have, and which of them are kept depends on the order: read its records again by partition and offset',
  )
