/** Topic ids as the protocol writes them: 32 hexadecimal digits. */
import type { RequestContext } from '../request-context.ts'

/** Stands for "named otherwise". */
export const NO_TOPIC_ID = '0'.repeat(32)

/** The name of every topic, by its id. */
export async function topicNames({
  log,
  wire,
}: Pick<RequestContext, 'log' | 'wire'>): Promise<Map<string, string>> {
  const topics = await log.topics()
  return new Map(topics.map(({ name }) => [wire.topicId(name).replaceAll('-', ''), name]))
}
