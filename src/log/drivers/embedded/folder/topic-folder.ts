/**
 * Folder names of topics. Two topics that differ only in case must not meet on a file system that ignores it (macOS), so
 * an upper-case letter becomes `+` and the small one; a leading dot gets a `+` too. `+` is in no topic name. A name that
 * grows too long is cut and told apart by a hash; `topic.json` has it in full.
 */
import { createHash } from 'node:crypto'

/** File systems allow 255 bytes; temporary names need a few. */
const MAX_FOLDER_LENGTH = 230
const KEPT_LENGTH = 180

export function topicFolder(topic: string): string {
  const escaped = topic.replace(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`)
  const visible = escaped.startsWith('.') ? `+${escaped}` : escaped
  if (visible.length <= MAX_FOLDER_LENGTH) return visible
  const hash = createHash('sha256').update(topic).digest('hex').slice(0, 32)
  return `${visible.slice(0, KEPT_LENGTH)}+~${hash}`
}

/** Folders that a topic is built in or removed from; never a topic's own. */
const TEMPORARY = '++'
export const temporaryFolder = (id: string): string => `${TEMPORARY}${id}`
export const isTemporaryFolder = (name: string): boolean => name.startsWith(TEMPORARY)
