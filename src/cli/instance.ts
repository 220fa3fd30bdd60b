/**
 * Where the running instance is. `millrace start` writes `<data folder>/run/instance.json` when it listens and removes it
 * when it stops; a file whose process is gone is no instance.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { CommonOptions } from './command.ts'
import { cliError } from './errors.ts'
import { address, fromEnvironment } from './option-values.ts'

export interface Instance {
  readonly app: string
  readonly url: string
  readonly pid: number
  readonly startedAt: string
  readonly dataDir: string
  /** Where Kafka clients reach its topics, `host:port`; absent without such a port. */
  readonly broker?: string
  /** What of the app runs there; absent in files of older versions: everything. */
  readonly roles?: readonly string[]
}

/** The folder that the person is in: npm changes into a workspace before it runs a script, and says where it was. */
export const workingFolder = (): string => process.env['INIT_CWD'] ?? process.cwd()

/** A path of the command line. One that a package's script wrote is relative to the package. */
export function userPath(path: string): string {
  const here = resolve(path)
  return existsSync(here) ? here : resolve(workingFolder(), path)
}

export const defaultDataDir = (app: string): string => join(workingFolder(), '.millrace', app)

/** Folders that may hold an app's data: named, or all of `.millrace/`. */
export function dataFolders(options: CommonOptions): string[] {
  const named = options.dataDir ?? process.env['MILLRACE_DATA_DIR']
  if (named !== undefined && named !== '') return [userPath(named)]
  const base = join(workingFolder(), '.millrace')
  if (!existsSync(base)) return []
  return readdirSync(base, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(base, entry.name))
}

const instanceFile = (dataDir: string): string => join(dataDir, 'run', 'instance.json')

export function writeInstance(instance: Instance): void {
  mkdirSync(join(instance.dataDir, 'run'), { recursive: true, mode: 0o700 })
  writeFileSync(instanceFile(instance.dataDir), `${JSON.stringify(instance, null, 2)}\n`)
}

export function removeInstance(dataDir: string): void {
  rmSync(instanceFile(dataDir), { force: true })
}

/** The live instance of a data folder. */
export function readInstance(dataDir: string): Instance | undefined {
  try {
    const instance = JSON.parse(readFileSync(instanceFile(dataDir), 'utf8')) as Instance
    return isAlive(instance.pid) ? { ...instance, dataDir } : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export const liveInstances = (options: CommonOptions): Instance[] =>
  dataFolders(options)
    .map(readInstance)
    .filter((instance) => instance !== undefined)

/** The URL that a command speaks to; undefined when nothing runs. Throws CLI_USAGE when several run. */
export function findUrl(options: CommonOptions): string | undefined {
  const named = options.url ?? fromEnvironment('MILLRACE_URL', address)
  if (named !== undefined) return named
  const live = liveInstances(options)
  if (live.length > 1) {
    const list = live.map(({ app, url }) => `${app} (--url ${url})`).join(', ')
    throw cliError('CLI_USAGE', `${live.length} instances run: say which one: ${list}`)
  }
  return live[0]?.url
}
