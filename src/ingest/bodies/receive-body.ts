/** From a request's body to the door: reads the format, group by group. */
import { coreError, type Limits } from '../../core/index.ts'
import type { ReceiveOptions, ReceiveResult, SequenceMark, TopicContract } from '../ingest.ts'
import type { CallOptions, Door } from '../publish/door.ts'
import { regroup } from './incoming.ts'
import { readJsonBody } from './json-body.ts'
import { readCsvBody, readNdjsonBody } from './line-bodies.ts'

export interface BodyDeps {
  readonly contract: TopicContract | undefined
  readonly limits: Limits
  readonly openDoor: (options: CallOptions) => Door
}

/** Most events and bytes of one append of a streamed body. */
const GROUP_EVENTS = 5_000
const GROUP_BYTES = 2 * 1024 * 1024

export async function receiveBody(
  body: AsyncIterable<Uint8Array>,
  options: ReceiveOptions,
  { contract, limits, openDoor }: BodyDeps,
): Promise<ReceiveResult> {
  const { format, source, envelope, sequence, signal, onError = 'reject' } = options
  if (sequence) checkSequence(sequence)
  const call: CallOptions = { source, onError, envelope, sequence: sequence?.sequence }
  if (format === 'json') {
    const { isArray, events } = await readJsonBody(body, limits)
    const door = openDoor({ ...call, isWholeJson: true, isBatch: isArray })
    await door.admit(events, sequence?.first)
    return door.tally.result()
  }
  const door = openDoor(call)
  const lines =
    format === 'csv' ? readCsvBody(body, contract, limits) : readNdjsonBody(body, limits)
  try {
    for await (const group of regroup(lines, GROUP_EVENTS, GROUP_BYTES)) {
      signal?.throwIfAborted()
      await door.admit(group, sequence && sequence.first + door.tally.received)
    }
  } catch (error) {
    throw door.withCounts(error)
  }
  return door.tally.result()
}

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
