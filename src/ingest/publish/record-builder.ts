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
import type { Incoming } from '../bodies/incoming.ts'
import type { EventFault, SoundEvent } from '../events/event-check.ts'
import { sequenceHeaders } from './sequence-record.ts'

export interface RecordOrigin {
  readonly topic: string
  readonly source: string
  readonly envelope: Partial<Envelope> | undefined
  readonly sequence: Uint8Array | undefined
}

export interface Place {
  /** Position in the call, from 0. */
  readonly index: number
  /** Position in the sequence, when there is one. */
  readonly position: number | undefined
}

export interface RecordBuilder {
  event(event: Incoming, sound: SoundEvent, place: Place): NewRecord
  deadLetter(event: Incoming, fault: EventFault, place: Place): NewRecord
}

/** `isBatch`: the call has several events, so a given id gets the event's index behind it. */
export function createRecordBuilder(
  origin: RecordOrigin,
  clock: Clock,
  isBatch: () => boolean,
): RecordBuilder {
  const { topic, source, envelope, sequence } = origin
  const idOf = ({ index }: Place): string => {
    if (envelope?.id === undefined) return newId(clock.now())
    return isBatch() ? `${envelope.id}:${index}` : envelope.id
  }
  const ownHeaders = ({ position }: Place): RecordHeader[] =>
    sequence && position !== undefined ? sequenceHeaders(sequence, position) : []
  return {
    event(event, sound, place) {
      const nowMs = clock.now()
      const timeMs = sound.timeMs ?? nowMs
      const headers = envelopeHeaders({
        type: topic,
        time: new Date(timeMs).toISOString(),
        ...envelope,
        source: envelope?.source ?? source,
        id: idOf(place),
      })
      headers.push(...ownHeaders(place))
      // A record's timestamp cannot be negative; an event from before 1970 keeps its own field.
      const timestamp = Math.max(0, timeMs)
      return { key: sound.key, value: event.bytes, headers, timestamp }
    },
    deadLetter(event, { code, issues }, place) {
      const nowMs = clock.now()
      const headers = deadLetterHeaders({
        stage: 'ingest',
        code,
        reason: reasonOf(issues),
        source,
        position: event.row ?? place.position ?? event.line ?? place.index + 1,
        at: new Date(nowMs).toISOString(),
      })
      headers.push(...ownHeaders(place))
      return { key: null, value: event.original ?? event.bytes, headers, timestamp: nowMs }
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
