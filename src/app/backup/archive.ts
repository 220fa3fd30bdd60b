/**
 * A backup: a tar of a data folder, closed by `MILLRACE-BACKUP.json`, which lists every file with its SHA-256. An archive
 * without it was cut off. Any tar program can unpack one; `restoreBackup` also checks it.
 */
import { z } from 'zod'

export const LIST = 'MILLRACE-BACKUP.json'
/** Raised when an older version would misread the archive. */
export const BACKUP_FORMAT = 1

export const listSchema = z.object({
  format: z.int(),
  millrace: z.string(),
  createdAt: z.string(),
  files: z.array(
    z.object({
      path: z.string(),
      bytes: z.int().min(0),
      sha256: z.string().optional(),
      target: z.string().optional(),
    }),
  ),
})
export type BackupList = z.output<typeof listSchema>

/** Nothing of a backup lies elsewhere: names as a data folder has them, a link only to a generation of its table. */
export function isOurs(path: string, target?: string): boolean {
  const parts = path.split('/')
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  const [root = ''] = parts
  if (!isPlain || path.includes('\0') || path.includes('\\')) return false
  if (target !== undefined) {
    return /^lake\/[^/]+\/current$/.test(path) && /^generations\/\d+$/.test(target)
  }
  return (
    path === 'FORMAT' ||
    path === 'run/app.json' ||
    (parts.length > 1 && ['log', 'lake', 'registry'].includes(root))
  )
}

/** A user's SQL reads the lake in a process of another user; the rest is its owner's alone. */
export const folderMode = (path: string): number => (isOfLake(path) ? 0o755 : 0o700)
export const fileMode = (path: string): number => (isOfLake(path) ? 0o444 : 0o600)
const isOfLake = (path: string): boolean => path.startsWith('lake/')
