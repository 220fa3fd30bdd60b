/** From a sound event, or a bad one, to the record that the log keeps. */
import {
  deadLetterHeaders,
  envelopeHeaders,
  newId,
  type Clock,
  type Envelope,
  type NewRecord,
  type RecordHeader,
} from '../../core/index.ts'
import { arrivalHeader } from '../dedupe/id-records.ts'
import type { Incoming } from '../bodies/incoming.ts'
import type { EventFault, SoundEvent } from '../events/event-check.ts'
import { retryHeader } from '../dead-letters/letter-record.ts'
import { sequenceHeaders } from './sequence-record.ts'
import { ShortTexts } from './short-texts.ts'

export interface RecordOrigin {
  readonly topic: string
  readonly source: string
  readonly envelope?: Partial<Envelope> | undefined
  readonly sequence?: string | undefined
  /** Offset of the dead letter that is sent again. */
  readonly letter?: number
  /** Most bytes of a record's value. */
  readonly recordBytes: number
}

export interface Place {
  /** Position in the call, from 0. */
  readonly index: number
  /** Position in the sequence, when there is one. */
  readonly position: number | undefined
}

/** A record with the id that its sender gave, if any. */
export interface BuiltEvent {
  readonly record: NewRecord
  readonly givenId: string | undefined
}

export interface RecordBuilder {
  event(event: Incoming, sound: SoundEvent, place: Place): BuiltEvent
  deadLetter(event: Incoming, fault: EventFault, place: Place): NewRecord
}

/**
 * Ids: the event's own field, if the topic declares one; a given id for a call of one event; with several, the given id (or one made for the call) and the event's index; in
 * a sequence its name and the position, so that a retry gives the same id.
 */
export function createRecordBuilder(
  origin: RecordOrigin,
  clock: Clock,
  isBatch: boolean,
): RecordBuilder {
  const { topic, source, envelope, sequence } = origin
  const texts = new ShortTexts()
  const sequenceName = sequence === undefined ? undefined : Buffer.from(sequence)
  const idOf = idWriter(
    texts,
    envelope?.id === undefined ? sequence : undefined,
    isBatch,
    () => envelope?.id ?? newId(clock.now()),
  )
  const letterHeaders = origin.letter === undefined ? [] : [retryHeader(origin.letter)]
  const addOwn = (headers: RecordHeader[], { position }: Place): void => {
    if (sequenceName && position !== undefined) {
      for (const header of sequenceHeaders(sequenceName, texts.numbered(NOTHING, position))) {
        headers.push(header)
      }
    } else headers.push(...letterHeaders)
  }
  // All of a call's records share these, but for id and time.
  const shared = envelopeHeaders({
    time: '',
    type: topic,
    ...envelope,
    source: envelope?.source ?? source,
    id: '',
  })
  const idAt = shared.findIndex(({ key }) => key === 'ce_id')
  const timeAt =
    envelope?.time === undefined ? shared.findIndex(({ key }) => key === 'ce_time') : -1
  return {
    event(event, sound, place) {
      const timeMs = sound.timeMs ?? clock.now()
      const headers = shared.slice()
      const isGiven = sound.id !== undefined || envelope?.id !== undefined
      const id = sound.id === undefined ? idOf(place) : Buffer.from(sound.id)
      headers[idAt] = { key: 'ce_id', value: id }
      if (timeAt >= 0) headers[timeAt] = { key: 'ce_time', value: texts.time(Math.trunc(timeMs)) }
      addOwn(headers, place)
      if (isGiven) headers.push(arrivalHeader(clock.now()))
      // A record's timestamp cannot be negative; an event from before 1970 keeps its own field.
      const timestamp = Math.max(0, timeMs)
      const record = { key: sound.key, value: event.bytes, headers, timestamp }
      return { record, givenId: isGiven ? (sound.id ?? textOf(id)) : undefined }
    },
    deadLetter(event, { code, issues }, place) {
      const nowMs = clock.now()
      const bytes = event.original ?? event.bytes
      // The log takes no larger record: what does not fit is cut, and the reason says so.
      const isCut = bytes.length > origin.recordBytes
      const headers = deadLetterHeaders({
        stage: 'ingest',
        code,
        reason: reasonOf(issues) + (isCut ? `; cut from ${bytes.length} bytes` : ''),
        source,
        position: event.row ?? place.position ?? event.line ?? place.index + 1,
        at: new Date(nowMs).toISOString(),
      })
      addOwn(headers, place)
      const value = isCut ? bytes.subarray(0, origin.recordBytes) : bytes
      return { key: null, value, headers, timestamp: nowMs }
    },
  }
}

const NOTHING = new Uint8Array(0)
const textOf = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString()

/**
 * The ids of a call's events that have none of their own. @param sequence absent where the sender gave an id.
 * @param callId makes the one that the call's events share, when it is needed.
 */
function idWriter(
  texts: ShortTexts,
  sequence: string | undefined,
  isBatch: boolean,
  callId: () => string,
): (place: Place) => Uint8Array {
  const bySequence = sequence === undefined ? undefined : Buffer.from(`${sequence}:`)
  let byCall: Buffer | undefined
  return ({ index, position }) => {
    if (bySequence && position !== undefined) return texts.numbered(bySequence, position)
    byCall ??= Buffer.from(isBatch ? `${callId()}:` : callId())
    return isBatch ? texts.numbered(byCall, index) : byCall
  }
}

function reasonOf(issues: EventFault['issues']): string {
  const shown = issues
    .slice(0, 3)
    .map(({ path, message }) => (path === '' ? message : `${path} ${message}`))
  const more = issues.length > 3 ? `, and ${issues.length - 3} more` : ''
  return shown.join('; ') + more
}
