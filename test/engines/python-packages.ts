/** Python packages from PyPI into `.engines/`, once; nothing is installed elsewhere. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './run-program.ts'

/** Folder of each set of packages, and what is in it. */
const sets = {
  'python-clients': ['kafka-python==3.0.0', 'confluent-kafka==2.16.0'],
  'python-onnx': ['numpy==2.2.6', 'onnxruntime==1.23.2'],
} as const
export type PythonSet = keyof typeof sets

const root = fileURLToPath(new URL('../..', import.meta.url))
const folderOf = (set: PythonSet): string =>
  join(process.env['MILLRACE_ENGINES'] ?? join(root, '.engines'), set)

/** Why programs with these packages cannot run here, as a sentence; undefined when they can. The first call needs PyPI. */
export function missingForPython(set: PythonSet): string | undefined {
  if (spawnSync('python3', ['--version']).status !== 0) return 'there is no "python3" on the path'
  const folder = folderOf(set)
  if (existsSync(folder)) return undefined
  const part = `${folder}.${process.pid}`
  mkdirSync(part, { recursive: true })
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--target', part, ...sets[set]]
  const { status, stderr } = spawnSync('python3', pip, { encoding: 'utf8' })
  // Two processes may have begun at the same time: the first rename wins.
  if (status !== 0 || existsSync(folder)) rmSync(part, { recursive: true, force: true })
  else renameSync(part, folder)
  return existsSync(folder) ? undefined : `pip could not get ${sets[set].join(', ')}: ${stderr}`
}

/** Runs Python with these arguments to its end; its standard output. Rejects with what it said unless it ended with 0. */
export const runPython = (set: PythonSet, args: readonly string[], input = ''): Promise<string> =>
  runProgram('python', 'python3', args, input, {
    env: { ...process.env, PYTHONPATH: folderOf(set), PYTHONDONTWRITEBYTECODE: '1' },
  })
