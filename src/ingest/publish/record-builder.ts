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
  let callId = envelope?.id
  const idOf = ({ index, position }: Place): string => {
    if (position !== undefined && envelope?.id === undefined) return `${sequence}:${position}`
    callId ??= newId(clock.now())
    return isBatch ? `${callId}:${index}` : callId
  }
  const sequenceName = sequence === undefined ? undefined : Buffer.from(sequence)
  const letterHeaders = origin.letter === undefined ? [] : [retryHeader(origin.letter)]
  const ownHeaders = ({ position }: Place): RecordHeader[] =>
    sequenceName && position !== undefined ? sequenceHeaders(sequenceName, position) : letterHeaders
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
      const headers = [...shared, ...ownHeaders(place)]
      const id = sound.id ?? idOf(place)
      const isGiven = sound.id !== undefined || envelope?.id !== undefined
      headers[idAt] = { key: 'ce_id', value: Buffer.from(id) }
      if (isGiven) headers.push(arrivalHeader(clock.now()))
      if (timeAt >= 0) {
        headers[timeAt] = { key: 'ce_time', value: Buffer.from(new Date(timeMs).toISOString()) }
      }
      // A record's timestamp cannot be negative; an event from before 1970 keeps its own field.
      const timestamp = Math.max(0, timeMs)
      const record = { key: sound.key, value: event.bytes, headers, timestamp }
      return { record, givenId: isGiven ? id : undefined }
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
      headers.push(...ownHeaders(place))
      const value = isCut ? bytes.subarray(0, origin.recordBytes) : bytes
      return { key: null, value, headers, timestamp: nowMs }
    },
  }
}

function reasonOf(issues: EventFault['issues']): string {
  const shown = issues
    .slice(0, 3)
    .map(({ path, message }) => (path === '' ? message : `${path} ${message}`))
  const more = issues.length > 3 ? `, and ${issues.length - 3} more` : ''
  return shown.join('; ') + more
}
