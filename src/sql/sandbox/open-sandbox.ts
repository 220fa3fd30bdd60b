import { silentLogger, type Logger } from '../../core/index.ts'
import type { SqlSandbox } from '../engine.ts'
import { QueryPool } from './query-pool.ts'
import { removeLeftOvers } from './reachable-files.ts'

export interface SqlSandboxOptions {
  /**
   * Folder that holds the files of the views, the lake's. Its children work in it, so that as another user they reach the
   * files without any right on the folders above; it, its folders and files must be readable by all. Files elsewhere
   * (the tail of a query) are linked into it while the query runs. Without it the children keep the user of this process.
   */
  readonly dir?: string
  /** Address space of each child, bytes. Default 2 GiB, of which Node itself takes 1.4. Linux only. */
  readonly memoryBytes?: number
  /** Most queries that run at the same time. Default 2. */
  readonly children?: number
  /** Most queries that wait; one more is refused with SQL_BUSY. Default 32. */
  readonly maxWaiting?: number
  readonly logger?: Logger
}

const DEFAULT_MEMORY_BYTES = 2 * 1024 ** 3

/** Opens the sandbox with one child ready. Close it: its children keep the process alive. */
export async function openSandbox(options: SqlSandboxOptions = {}): Promise<SqlSandbox> {
  const { dir = '', memoryBytes = DEFAULT_MEMORY_BYTES } = options
  if (dir !== '') await removeLeftOvers(dir)
  const pool = new QueryPool({
    dir,
    addressSpaceBytes: process.platform === 'linux' ? memoryBytes : 0,
    mostChildren: options.children ?? 2,
    maxWaiting: options.maxWaiting ?? 32,
    logger: options.logger ?? silentLogger,
  })
  await pool.warmUp()
  return pool
}
