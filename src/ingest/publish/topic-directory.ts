/** Which topics are there; creates the ones that nobody declared when their first event comes (design D17). */
import {
  checkTopicName,
  coreError,
  isDeadLetterTopic,
  isInternalTopic,
  isMillraceError,
  quote,
  type Logger,
} from '../../core/index.ts'
import type { Log } from '../../log/index.ts'

export interface TopicDirectory {
  /** Throws CORE_INVALID_NAME for names that clients may not write to, LOG_UNKNOWN_TOPIC when creation is switched off. */
  ensureWritable(topic: string, isDeclared: boolean): Promise<void>
  /** For topics of ours. */
  ensureOwn(topic: string, compact?: boolean): Promise<void>
  exists(topic: string): Promise<boolean>
  /** After LOG_UNKNOWN_TOPIC: somebody deleted it. */
  forget(topic: string): void
}

export function createTopicDirectory(
  log: Log,
  logger: Logger,
  createsTopics: boolean,
): TopicDirectory {
  const known = new Set<string>()
  const exists = async (topic: string): Promise<boolean> => {
    try {
      await log.topic(topic)
      return true
    } catch (error) {
      if (isMillraceError(error, 'LOG_UNKNOWN_TOPIC')) return false
      throw error
    }
  }
  const ensure = async (topic: string, create: () => Promise<unknown>): Promise<void> => {
    if (known.has(topic)) return
    if (!(await exists(topic))) await create()
    known.add(topic)
  }
  return {
    exists,
    forget: (topic) => known.delete(topic),
    ensureWritable: (topic, isDeclared) => {
      checkWritableName(topic)
      return ensure(topic, async () => {
        // Without creation the log itself says that the topic is unknown.
        if (!createsTopics && !isDeclared) await log.topic(topic)
        else await log.createTopic({ name: topic })
        if (!isDeclared) logger.info({ topic }, 'topic created on first use')
      })
    },
    ensureOwn: (topic, compact = false) =>
      ensure(topic, () =>
        log.createTopic({ name: topic, ...(compact ? { config: { cleanup: 'compact' } } : {}) }),
      ),
  }
}

function checkWritableName(topic: string): void {
  checkTopicName(topic)
  if (!isInternalTopic(topic) && !isDeadLetterTopic(topic)) return
  throw coreError(
    'CORE_INVALID_NAME',
    `topic ${quote(topic)} is written by Millrace itself: use another topic`,
    { details: { field: 'topic' } },
  )
}
