/** Where a store of features begins: with the rows of the lake, or with the log where the lake cannot be believed. */
import { isMillraceError, type Logger } from '../core/index.ts'
import type { Lake, TableSnapshot } from '../lake/index.ts'

/** Undefined without such a table, and, after it was told, with a damaged file in it: the log has the rows. */
export async function soundSnapshot(
  lake: Lake,
  name: string,
  logger: Logger,
): Promise<TableSnapshot | undefined> {
  const table = lake.tables().find((one) => one.name === name)
  if (table === undefined) return undefined
  const snapshot = table.snapshot()
  try {
    await table.check(snapshot)
    return snapshot
  } catch (error) {
    if (!isMillraceError(error, 'LAKE_CORRUPT')) throw error
    logger.error(
      { err: error, table: name },
      'features are computed from the log, a file is damaged',
    )
    return undefined
  }
}
