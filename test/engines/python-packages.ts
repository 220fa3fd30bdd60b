/** Python's Kafka clients from PyPI into `.engines/`, once; nothing is installed elsewhere. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './run-program.ts'

const PACKAGES = ['kafka-python==3.0.0', 'confluent-kafka==2.16.0']

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(process.env['MILLRACE_ENGINES'] ?? join(root, '.engines'), 'python-clients')

/** Why the clients cannot run here, as a sentence; undefined when they can. The first call needs PyPI. */
export function missingForPython(): string | undefined {
  if (spawnSync('python3', ['--version']).status !== 0) return 'there is no "python3" on the path'
  if (existsSync(folder)) return undefined
  const part = `${folder}.${process.pid}`
  mkdirSync(part, { recursive: true })
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--target', part, ...PACKAGES]
  const { status, stderr } = spawnSync('python3', pip, { encoding: 'utf8' })
  // Two processes may have begun at the same time: the first rename wins.
  if (status !== 0 || existsSync(folder)) rmSync(part, { recursive: true, force: true })
  else renameSync(part, folder)
  return existsSync(folder) ? undefined : `pip could not get ${PACKAGES.join(', ')}: ${stderr}`
}

/** Runs a program to its end; its standard output. Rejects with what it said unless it ended with 0. */
export const runPython = (program: string, args: readonly string[]): Promise<string> =>
  runProgram('python', 'python3', ['-c', program, ...args], '', {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
  })
