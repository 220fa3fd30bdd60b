/**
 * The data folder of an app: `log/`, `lake/`, `registry/`, `run/` and a file `FORMAT`. Only its owner can read it; what is
 * in `run/` is of the running process alone.
 */
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { quote } from '../../core/index.ts'
import { appError } from '../errors.ts'

/** Raised when a version of Millrace would misread the folders of an older one. */
const FORMAT = 1
const FORMAT_FILE = 'FORMAT'

export interface AppFolder {
  readonly dir: string
  readonly log: string
  readonly lake: string
  readonly registry: string
  /** Temporary files of the running process. */
  readonly run: string
  /**
   * Tails of running queries. Inside the lake, because the process that runs a user's SQL works in that folder as another
   * user and reaches nothing outside it; the data folder above keeps everybody else away.
   */
  readonly queries: string
}

/** Creates what is missing. Throws APP_DATA_FOLDER when the folder holds something else, APP_FORMAT_NEWER. */
export async function openAppFolder(path: string): Promise<AppFolder> {
  const dir = resolve(path)
  await makeFolder(dir, dir)
  const format = await readFormat(dir)
  if (format === undefined) {
    const others = (await readdir(dir)).filter((name) => !name.startsWith('.'))
    if (others.length > 0) {
      throw appError(
        'APP_DATA_FOLDER',
        `folder ${quote(dir)} is not empty and no data folder of Millrace (it has no file ${FORMAT_FILE}): name an empty or new one`,
        { details: { dir } },
      )
    }
    await writeFormat(dir)
  } else if (format > FORMAT) {
    throw appError(
      'APP_FORMAT_NEWER',
      `data folder ${quote(dir)} has format ${format}, this version knows up to ${FORMAT}: start the newer version; nothing was changed`,
      { details: { dir, format } },
    )
  }
  const folder: AppFolder = {
    dir,
    log: join(dir, 'log'),
    lake: join(dir, 'lake'),
    registry: join(dir, 'registry'),
    run: join(dir, 'run'),
    queries: join(dir, 'lake', '.queries'),
  }
  for (const sub of [folder.log, folder.registry, folder.run]) await makeFolder(sub, dir)
  await makeFolder(folder.lake, dir, 0o755)
  return folder
}

/** Empties a folder of temporary files; only the owner of the log may, so call it when the log is open. */
export async function emptyFolder(path: string, mode = 0o700): Promise<string> {
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true, mode })
  await chmod(path, mode)
  return path
}

async function makeFolder(path: string, dir: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode })
    await chmod(path, mode)
  } catch (cause) {
    throw appError(
      'APP_DATA_FOLDER',
      `data folder ${quote(dir)} cannot be used (${(cause as Error).message}): name a folder that you may write`,
      { cause, details: { dir } },
    )
  }
}

async function readFormat(dir: string): Promise<number | undefined> {
  let text: string
  try {
    text = await readFile(join(dir, FORMAT_FILE), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const format = /^millrace-data (\d+)\n?$/.exec(text)?.[1]
  if (format !== undefined) return Number(format)
  throw appError(
    'APP_DATA_FOLDER',
    `file ${quote(join(dir, FORMAT_FILE))} does not name a format: restore it as "millrace-data ${FORMAT}"`,
    { details: { dir } },
  )
}

async function writeFormat(dir: string): Promise<void> {
  const temporary = join(dir, `.${FORMAT_FILE}.tmp`)
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(`millrace-data ${FORMAT}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, join(dir, FORMAT_FILE))
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
