/**
 * The durable steps of derived streams: one key a stream in the compacted topic `__millrace-streams`, first as planned, then
 * as done. The last record of a stream says where it goes on.
 */
import { z } from 'zod'
import type { Log } from '../../log/index.ts'
import { streamError } from '../errors.ts'

export const STEPS_TOPIC = '__millrace-streams'
/** Raised when a reader of the present version would misunderstand a record. */
const FORMAT = 1

const count = z.int().min(0)
const offsetOf = { partition: count, offset: count }
const stepSchema = z.object({
  format: z.literal(FORMAT),
  stream: z.string(),
  topic: z.string(),
  to: z.string(),
  state: z.enum(['planned', 'done']),
  steps: count,
  /** Results given out, this step's included when it is done. */
  results: count,
  /** Where the step begins; of a step that is done, where the next one does. */
  base: z.object({
    origins: z.array(z.object({ ...offsetOf, carry: z.number().nullable() })).readonly(),
    closedUntil: z.number().nullable(),
  }),
  /** How far each partition was read: the offset of the next record. */
  cuts: z.array(z.object(offsetOf)).readonly(),
  due: z.unknown(),
  /** Of all records before the cuts. */
  dropped: z.object({ late: count, ahead: count, invalid: count }),
  /** Letters and results of this step lie at or after these offsets. */
  lettersFrom: count,
  resultsFrom: count,
})
export type Step = Omit<z.infer<typeof stepSchema>, 'format'>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export interface StepLog {
  last(stream: string): Promise<Step | undefined>
  /** Durable when it resolves. */
  append(step: Step, timestampMs: number): Promise<void>
}

/** Opens the topic, creating it when it is absent. */
export async function openStepLog(log: Log): Promise<StepLog> {
  await log.createTopic({ name: STEPS_TOPIC, partitions: 1, config: { cleanup: 'compact' } })
  return {
    async last(stream) {
      let found: Step | undefined
      const info = (await log.topic(STEPS_TOPIC)).partitions[0]
      for await (const { records } of log.read(STEPS_TOPIC, 0, info?.earliest ?? 0)) {
        for (const { key, value, offset } of records) {
          if (key === null || value === null || decoder.decode(key) !== stream) continue
          found = parse(value, offset)
        }
      }
      return found
    },
    async append(step, timestampMs) {
      await log.append(STEPS_TOPIC, [
        {
          key: encoder.encode(step.stream),
          value: encoder.encode(JSON.stringify({ format: FORMAT, ...step })),
          headers: [],
          timestamp: timestampMs,
          partition: 0,
        },
      ])
    },
  }
}

function parse(value: Uint8Array, offset: number): Step {
  let json: unknown
  try {
    json = JSON.parse(decoder.decode(value))
  } catch (cause) {
    throw streamError(
      'STREAM_STEP_INVALID',
      `record ${offset} of ${STEPS_TOPIC} is not JSON: restore the log from a backup`,
      { cause, details: { offset } },
    )
  }
  const format = (json as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format > FORMAT) {
    throw streamError(
      'STREAM_FORMAT_NEWER',
      `record ${offset} of ${STEPS_TOPIC} has format ${format}, this version reads up to ${FORMAT}: start the newer version`,
      { details: { offset, format } },
    )
  }
  const result = stepSchema.safeParse(json)
  if (result.success) return result.data
  throw streamError(
    'STREAM_STEP_INVALID',
    `record ${offset} of ${STEPS_TOPIC} is no step of a stream (${result.error.issues[0]?.path.join('.')}): restore the log from a backup`,
    { cause: result.error, details: { offset } },
  )
}
