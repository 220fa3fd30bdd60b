/**
 * A point in time of a data folder that is in use, as hard links of its own: what the process does afterwards (removing
 * segments, compacting) does not reach them, and a file that grows counts up to the size that it had.
 *
 * The order makes it a state that a crash could have left, which every start mends by itself: whatever speaks of something
 * is taken before it. Registry entries before artifacts; the lake, batches, sequences, offsets and letters before the
 * records; a table's link before its manifest before its files.
 */
import { link, mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeadLetterTopic, isInternalTopic } from '../../core/index.ts'

export interface StagedFile {
  /** In the data folder, with `/`. */
  readonly path: string
  readonly bytes: number
  /** Where a symbolic link points; absent for a file. */
  readonly target?: string
}

/** Tries of a folder that changes while it is linked. Cleaning and compaction take milliseconds every few minutes. */
const TRIES = 20

/** Of the running process, or of its last end: a copy has neither. */
const isOfProcess = (name: string): boolean => name.startsWith('lock.') || name === 'clean.json'
/** What is being made or removed. */
const isTemporary = (name: string): boolean =>
  name.startsWith('.') || name.startsWith('++') || /\.te?mp$/.test(name)

export async function stageFolder(dir: string, stage: string): Promise<StagedFile[]> {
  const staged: StagedFile[] = []
  const one = async (path: string): Promise<void> => {
    const to = join(stage, path)
    await mkdir(dirname(to), { recursive: true })
    await link(join(dir, path), to)
    staged.push({ path, bytes: (await stat(to)).size })
  }
  /** What goes while it is linked was superseded: an old manifest, a generation that was merged long ago. */
  const all = async (path: string): Promise<void> => {
    for (const file of await filesOf(dir, path)) await one(file).catch(unlessGone)
  }
  const topics = await topicFolders(dir)
  const partitionsOf = async (folder: string): Promise<void> => {
    await one(`${folder}/topic.json`)
    for (const entry of await namesOf(dir, folder)) {
      if (/^\d+$/.test(entry))
        staged.push(...(await stagePartition(dir, stage, `${folder}/${entry}`)))
    }
  }
  const rank = async (wanted: (name: string) => boolean): Promise<void> => {
    for (const { name, folder } of topics) if (wanted(name)) await partitionsOf(folder)
  }

  await one('FORMAT')
  // Which app the folder belongs to; the rest of run/ is of the process.
  await all('run/app.json')
  await rank(isRegistryTopic)
  await all('registry')
  for (const table of await namesOf(dir, 'lake')) {
    const target = await readlink(join(dir, 'lake', table, 'current')).catch(() => undefined)
    if (target !== undefined) staged.push({ path: `lake/${table}/current`, bytes: 0, target })
    await all(`lake/${table}/manifest`)
    await all(`lake/${table}/generations`)
  }
  for (const name of await namesOf(dir, 'log')) {
    if (name !== 'topics' && !isOfProcess(name)) await all(`log/${name}`)
  }
  await rank((name) => isInternalTopic(name) && !isRegistryTopic(name))
  await rank(isDeadLetterTopic)
  await rank((name) => !isInternalTopic(name) && !isDeadLetterTopic(name))
  return staged
}

const isRegistryTopic = (name: string): boolean =>
  name === '__millrace-registry' || name === '__millrace-promotions'

interface TopicFolder {
  readonly name: string
  readonly folder: string
}

async function topicFolders(dir: string): Promise<TopicFolder[]> {
  const found: TopicFolder[] = []
  for (const entry of await namesOf(dir, 'log/topics')) {
    const folder = `log/topics/${entry}`
    const text = await readFile(join(dir, folder, 'topic.json'), 'utf8')
    const { name } = JSON.parse(text.split('\n', 1)[0] ?? '') as { name: string }
    found.push({ name, folder })
  }
  return found
}

/** All of a partition between two swaps of compaction and two removals of retention. */
async function stagePartition(dir: string, stage: string, path: string): Promise<StagedFile[]> {
  for (let time = 1; ; time++) {
    const place = join(stage, `${path}.${time}`)
    await mkdir(place, { recursive: true })
    const names = await namesOf(dir, path)
    const files: StagedFile[] = []
    try {
      for (const name of names) {
        await link(join(dir, path, name), join(place, name))
        const { size: bytes } = await stat(join(place, name))
        files.push({ path: `${path}/${name}`, bytes })
      }
      const after = new Set(await namesOf(dir, path))
      const isWhole = names.every((name) => after.has(name)) && !after.has('replacement.json')
      if (isWhole && (await areSame(join(dir, path), place, names))) {
        await mkdir(join(stage, path), { recursive: true })
        for (const name of names) await link(join(place, name), join(stage, path, name))
        return files
      }
    } catch (error) {
      unlessGone(error)
    }
    if (time === TRIES) throw new Error(`${path} changes faster than it can be linked`)
  }
}

/** False when compaction put another file in the place of a name. */
async function areSame(dir: string, place: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const [now, then] = await Promise.all([stat(join(dir, name)), stat(join(place, name))])
    if (now.ino !== then.ino) return false
  }
  return true
}

/** In order, so that a segment is taken before the one behind it. */
async function namesOf(dir: string, path: string): Promise<string[]> {
  try {
    const names = await readdir(join(dir, path))
    return names.filter((name) => !isTemporary(name)).toSorted()
  } catch (error) {
    unlessGone(error)
    return []
  }
}

function unlessGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

/** The files below a path, or the path itself when it is one. */
async function filesOf(dir: string, path: string): Promise<string[]> {
  const about = await stat(join(dir, path)).catch(() => undefined)
  if (about?.isFile() === true) return [path]
  const files: string[] = []
  for (const name of await namesOf(dir, path))
    files.push(...(await filesOf(dir, `${path}/${name}`)))
  return files
}
