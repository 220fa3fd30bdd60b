/** How damage on disk is told: always with file and position, and with the offset at which reading can go on. */
import type { MillraceError } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'

export interface Damage {
  readonly file: string
  /** Byte of the file at which the damage begins. */
  readonly position: number
  readonly topic?: string
  readonly partition?: number
  /** The first offset that cannot be read. */
  readonly offset?: number
  /** The first readable offset after it. */
  readonly nextOffset?: number
}

export function corrupt(damage: Damage, what: string): MillraceError {
  const where =
    damage.offset === undefined
      ? ''
      : ` (topic "${damage.topic}", partition ${damage.partition}, offset ${damage.offset})`
  const remedy =
    damage.nextOffset === undefined
      ? 'restore the file from a backup'
      : `restore the file from a backup, or go on at offset ${damage.nextOffset}`
  return logError(
    'LOG_CORRUPT',
    `${damage.file} is damaged at byte ${damage.position}${where}: ${what}; ${remedy}`,
    { details: { ...damage } },
  )
}
