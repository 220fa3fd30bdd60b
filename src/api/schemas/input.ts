/** Schemas of what comes in by path and query. They are texts there; these turn them into what they mean. */
import { z } from 'zod'
import { defaultLimits, isMillraceError, parseDuration, parseMoment } from '../../core/index.ts'

/** A whole number in a query or path: plain digits, nothing else (`0x10`, `1e3`, `+5` and ` 5` are refused). */
export function wholeNumber(options: { min?: number; max?: number } = {}): z.ZodType<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options
  return z.preprocess(
    (text) => (typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text),
    z
      .int({ error: `write a whole number from ${min} to ${max} in plain digits` })
      .min(min, { error: `the smallest value is ${min}` })
      .max(max, { error: `the largest value is ${max}` }),
  )
}

const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/
export const topicName = z
  .string()
  .regex(TOPIC, { error: 'use 1 to 249 letters, digits, ".", "_" or "-"' })
  .describe('Name of a topic')

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/
export const plainName = z.string().regex(NAME, {
  error:
    'start with a lower-case letter or digit, then up to 63 lower-case letters, digits, "_" or "-"',
})

/** Letters lie in one partition, so the offset names them. */
export const letterId = wholeNumber().describe('Offset of the dead letter')

/** Tables have the name of their topic, so they follow its rule. */
export const tableName = topicName.describe('Name of a table')
export const modelName = plainName.describe('Name of a model')
export const aliasName = plainName.describe('Alias of a version, for example champion')

/** A version: its number, or an alias. */
export const versionRef = z
  .union(
    [
      z
        .string()
        .regex(/^[1-9]\d{0,8}$/)
        .transform(Number),
      plainName.regex(/^(?!\d+$)/, {
        error: 'write a version number of at most 9 digits, or an alias such as champion',
      }),
    ],
    { error: 'write a version number from 1, or an alias such as champion' },
  )
  .describe('Version number, or an alias')

export const groupName = z
  .string()
  .min(1)
  .max(255)
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, { error: 'a group name has no control characters' })
  .describe('Name of a consumer group')

/** Who asked for a change, and why: kept in the audit. */
export const reason = z.string().max(500).describe('Why; kept in the history')
export const actor = z.string().min(1).max(100).describe('Who; kept in the history')

/** `true` or `false` in a query. */
export const flag = z
  .enum(['true', 'false'], { error: 'write true or false' })
  .default('false')
  .transform((text) => text === 'true')

/** Rows of a page. */
export const pageLimit = wholeNumber({ min: 1, max: defaultLimits.pageRows }).default(100)

export const jobId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,128}$/, {
    error: 'a job id is up to 128 letters, digits, ".", "_" or "-"',
  })
  .describe('Id of a job')

/** A moment, as milliseconds since the epoch: a date is its midnight in UTC, a time says its zone. */
export const moment = z
  .string({ error: 'is missing: write a date such as 2018-11-15' })
  .transform(parsedBy(parseMoment))
  .describe('A date (midnight UTC) or a time with its zone')

/** `14d` as milliseconds; longer than nothing. */
export const duration = z
  .string()
  .transform(parsedBy(parseDuration))
  .refine((ms) => ms > 0, { error: 'is longer than 0' })
  .describe('A number and a unit: 30s, 24h, 14d')

/** What a parser of ours refuses is an issue of the field. */
function parsedBy<T>(parse: (text: string) => T) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return parse(text)
    } catch (error) {
      if (!isMillraceError(error)) throw error
      context.addIssue(error.message)
      return z.NEVER
    }
  }
}
