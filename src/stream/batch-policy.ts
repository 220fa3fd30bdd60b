/** Checks of a batch policy. */
import { streamError } from './errors.ts'
import type { BatchPolicy } from './batch.ts'

/**
 * What is not committed is read again after a crash, and lies on the disk twice meanwhile, so there is a bound in bytes even when
 * the policy names none.
 * 64 MiB of record values is 60 records of the largest size, or about 600,000 ratings.
 */
export const MOST_BATCH_BYTES = 64 * 1024 * 1024

/** The policy with the bound in bytes. Throws STREAM_INVALID_POLICY. */
export function checkPolicy(table: string, policy: BatchPolicy): BatchPolicy {
  const rules = [
    ['rows', policy.rows],
    ['bytes', policy.bytes],
    ['everyMs', policy.everyMs],
    ['idleMs', policy.idleMs],
  ] as const
  if (rules.every(([, value]) => value === undefined)) {
    throw streamError(
      'STREAM_INVALID_POLICY',
      `table "${table}" has a batch policy without a rule: set at least one of rows, bytes, everyMs, idleMs`,
      { details: { table } },
    )
  }
  for (const [rule, value] of rules) {
    if (value === undefined) continue
    const whole = rule === 'rows' || rule === 'bytes'
    if (!Number.isFinite(value) || value <= 0 || (whole && !Number.isInteger(value))) {
      throw streamError(
        'STREAM_INVALID_POLICY',
        `table "${table}" has a batch policy with ${rule} ${value}: use a ${whole ? 'whole ' : ''}number above 0`,
        { details: { table, field: rule } },
      )
    }
  }
  return { ...policy, bytes: Math.min(policy.bytes ?? MOST_BATCH_BYTES, MOST_BATCH_BYTES) }
}
