/** Writes a backup of a data folder, whether a process uses it or not. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pack, type Pack } from 'tar-stream'
import { newId, packageVersion, quote, type Clock } from '../../core/index.ts'
import { appError } from '../errors.ts'
import { BACKUP_FORMAT, fileMode, LIST, type BackupList } from './archive.ts'
import { stageFolder, type StagedFile } from './stage-folder.ts'

export interface Backup {
  /** The tar. Destroying it ends the backup. */
  readonly stream: Readable
  readonly files: number
  readonly bytes: number
}

/**
 * Resolves when the point in time is fixed; the stream then reads it. Throws APP_DATA_FOLDER when the folder holds no log of
 * its own.
 */
export async function createBackup(dataDir: string, clock: Clock): Promise<Backup> {
  checkHasLog(dataDir)
  const stage = join(dataDir, 'run', `backup-${newId(clock.now())}`)
  await mkdir(stage, { recursive: true, mode: 0o700 })
  const remove = (): Promise<void> => rm(stage, { recursive: true, force: true })
  let staged: StagedFile[]
  try {
    staged = await stageFolder(dataDir, stage)
  } catch (error) {
    await remove()
    throw error
  }
  const createdAt = new Date(clock.now()).toISOString()
  async function* read(): AsyncGenerator<Buffer> {
    const tar = pack()
    const written = writeEntries(tar, stage, staged, createdAt)
    written.catch((error: Error) => tar.destroy(error))
    try {
      for await (const chunk of tar) yield chunk as Buffer
      await written
    } finally {
      tar.destroy()
      await written.catch(() => {})
      await remove()
    }
  }
  const bytes = staged.reduce((sum, file) => sum + file.bytes, 0)
  const stream = Readable.from(read(), { objectMode: false })
  // Closed before its first byte was asked for, the generator never ran.
  stream.once('close', () => void remove().catch(() => {}))
  return { stream, files: staged.length, bytes }
}

function checkHasLog(dataDir: string): void {
  if (existsSync(join(dataDir, 'log', 'cluster'))) {
    throw appError(
      'APP_DATA_FOLDER',
      `the events of data folder ${quote(dataDir)} are on a Kafka cluster: back that up; everything here is made again from it`,
    )
  }
  if (!existsSync(join(dataDir, 'FORMAT')) || !existsSync(join(dataDir, 'log'))) {
    throw appError(
      'APP_DATA_FOLDER',
      `folder ${quote(dataDir)} is no data folder of Millrace: name the one of an app, for example .millrace/<app>`,
    )
  }
}

async function writeEntries(
  tar: Pack,
  stage: string,
  staged: readonly StagedFile[],
  createdAt: string,
): Promise<void> {
  const mtime = new Date(createdAt)
  const files: BackupList['files'] = []
  for (const { path, bytes, target } of staged) {
    if (target === undefined) {
      const sha256 = await writeFile(tar, path, join(stage, path), bytes, mtime)
      files.push({ path, bytes, sha256 })
    } else {
      tar.entry({ name: path, type: 'symlink', linkname: target, mtime })
      files.push({ path, bytes, target })
    }
  }
  const list: BackupList = { format: BACKUP_FORMAT, millrace: packageVersion(), createdAt, files }
  tar.entry({ name: LIST, mtime, mode: 0o600 }, `${JSON.stringify(list, null, 2)}\n`)
  tar.finalize()
}

/** The first `bytes` of a file; it may have grown. */
async function writeFile(
  tar: Pack,
  name: string,
  source: string,
  bytes: number,
  mtime: Date,
): Promise<string> {
  const hash = createHash('sha256')
  await new Promise<void>((done, fail) => {
    const entry = tar.entry({ name, size: bytes, mtime, mode: fileMode(name) }, (error) =>
      error ? fail(error) : done(),
    )
    // Whoever reads may go away: then nothing drains any more.
    const gone = new AbortController()
    entry.on('close', () => gone.abort())
    const write = async (): Promise<void> => {
      if (bytes > 0) {
        for await (const chunk of createReadStream(source, { end: bytes - 1 })) {
          hash.update(chunk as Buffer)
          if (!entry.write(chunk)) await once(entry, 'drain', { signal: gone.signal })
        }
      }
      entry.end(null)
    }
    write().catch(fail)
  })
  return hash.digest('hex')
}
