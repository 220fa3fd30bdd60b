/** The naming rules, in one place. */
import { coreError } from './errors.ts'

/** Topics follow Kafka's rule. */
const TOPIC = /^[A-Za-z0-9._-]{1,249}$/
/** Everything else (models, tables, views, features, aliases, apps). */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** Prefix of Millrace's own topics. */
export const INTERNAL_TOPIC_PREFIX = '__millrace-'
const DEAD_LETTER_SUFFIX = '.dead-letters'

export const isInternalTopic = (topic: string): boolean => topic.startsWith(INTERNAL_TOPIC_PREFIX)
export const deadLetterTopic = (topic: string): string => `${topic}${DEAD_LETTER_SUFFIX}`
export const isDeadLetterTopic = (topic: string): boolean => topic.endsWith(DEAD_LETTER_SUFFIX)

/** Throws CORE_INVALID_NAME unless `name` is a legal topic name. */
export function checkTopicName(name: string): string {
  if (!TOPIC.test(name) || name === '.' || name === '..') {
    throw coreError(
      'CORE_INVALID_NAME',
      `topic name ${quote(name)} is not allowed: use 1 to 249 letters, digits, ".", "_" or "-"`,
      { details: { field: 'topic' } },
    )
  }
  return name
}

/** Throws CORE_INVALID_NAME unless `name` is a legal name; `what` names the thing in the message ("model name"). */
export function checkName(name: string, what: string): string {
  if (!NAME.test(name)) {
    throw coreError(
      'CORE_INVALID_NAME',
      `${what} ${quote(name)} is not allowed: start with a lower-case letter or digit, then up to 63 lower-case letters, digits, "_" or "-"`,
      { details: { field: what } },
    )
  }
  return name
}

/** A user's text made safe for a message or log line: quoted, control characters escaped, cut at 80 characters. */
export function quote(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 77)}...` : text
  return JSON.stringify(cut)
}
