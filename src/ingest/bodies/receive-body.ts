/** From a request's body to the door: reads the format, group by group. */
import { coreError, isMillraceError, type Limits } from '../../core/index.ts'
import type { ReceiveOptions, ReceiveResult, SequenceMark, TopicContract } from '../ingest.ts'
import type { CallOptions, Door } from '../publish/door.ts'
import { regroup, type Incoming } from './incoming.ts'
import { readWhole, type JsonBodyReader } from './json-body.ts'
import { readCsvBody, readNdjsonBody } from './line-bodies.ts'

export interface BodyDeps {
  readonly contract: TopicContract | undefined
  readonly limits: Limits
  readonly readJson: JsonBodyReader
  readonly openDoor: (options: CallOptions) => Door
}

/** Most events and bytes of one append of a streamed body: what is checked in one go holds up everything else for so long. */
const GROUP_EVENTS = 1_000
const GROUP_BYTES = 512 * 1024

export async function receiveBody(
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: ReceiveOptions,
  { contract, limits, readJson, openDoor }: BodyDeps,
): Promise<ReceiveResult> {
  const { format, source, envelope, sequence, turn, onError = 'reject' } = options
  if (sequence) checkSequence(sequence)
  const call: CallOptions = { source, onError, envelope, sequence: sequence?.sequence }
  if (format === 'json') {
    const whole = await readWhole(body, limits.jsonBodyBytes)
    const leave = await turn?.(whole.length, false)
    try {
      return await receiveJson(whole, { ...call, isWholeJson: true }, sequence, {
        readJson,
        openDoor,
      })
    } finally {
      leave?.()
    }
  }
  const door = openDoor(call)
  const chunks = body instanceof Uint8Array ? inOne(body) : body
  const lines =
    format === 'csv' ? readCsvBody(chunks, contract, limits) : readNdjsonBody(chunks, limits)
  try {
    for await (const group of regroup(lines, GROUP_EVENTS, GROUP_BYTES)) {
      options.signal?.throwIfAborted()
      const leave = await turn?.(bytesOf(group), door.tally.received > 0)
      try {
        await door.admit(group, sequence && sequence.first + door.tally.received)
      } finally {
        leave?.()
      }
    }
  } catch (error) {
    throw door.withCounts(error)
  }
  return door.tally.result()
}

async function* inOne(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body
}

/** Codes of a body of which no event can be told. */
const UNREADABLE = ['INGEST_INVALID_JSON', 'INGEST_INVALID_UTF8', 'INGEST_TOO_DEEP'] as const

async function receiveJson(
  whole: Buffer,
  call: CallOptions,
  sequence: SequenceMark | undefined,
  { readJson, openDoor }: Pick<BodyDeps, 'readJson' | 'openDoor'>,
): Promise<ReceiveResult> {
  try {
    const { isArray, events } = readJson(whole)
    const door = openDoor({ ...call, isBatch: isArray })
    await door.admit(events, sequence?.first)
    return door.tally.result()
  } catch (error) {
    const code = UNREADABLE.find((one) => isMillraceError(error, one))
    if (code !== undefined) await openDoor(call).refuseBody(code)
    throw error
  }
}

const bytesOf = (group: readonly Incoming[]): number =>
  group.reduce((sum, { bytes, original }) => sum + bytes.length + (original?.length ?? 0), 0)

function checkSequence({ sequence, first }: SequenceMark): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (sequence.length === 0 || sequence.length > 256 || /[\u0000-\u001f]/.test(sequence)) {
    throw invalid('sequence', 'must be a text of 1 to 256 characters without control characters')
  }
  if (!Number.isSafeInteger(first) || first < 1) {
    throw invalid('first', 'must be a whole number from 1')
  }
}

const invalid = (field: string, rule: string): Error =>
  coreError('CORE_INVALID_INPUT', `${field} ${rule}`, { details: { field } })
