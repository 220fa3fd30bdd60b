import { INTERNAL_TOPIC_PREFIX, isInternalTopic } from '../../core/index.ts'

/**
 * A topic of the log behind this port, which clients may only read. Those of apps that attach to it as clients carry the
 * app's name and a dot (`__millrace-orders.batches`), and are theirs to write.
 */
export const isOwnTopic = (name: string): boolean =>
  isInternalTopic(name) && !name.slice(INTERNAL_TOPIC_PREFIX.length).includes('.')
