/** Runs the compiled `millrace` command, as a user's shell does. */
import { spawn, type ChildProcess } from 'node:child_process'
import { compiledEntry } from '../core/index.ts'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCommand {
  readonly child: ChildProcess
  /** Everything on stdout and stderr so far. */
  output(): string
  /** Resolves when the text has come out; rejects when the command ends before. */
  seen(text: string | RegExp): Promise<void>
  readonly finished: Promise<Finished>
}

const entry = (): string => compiledEntry(import.meta.url, 'main.js')

export function startCommand(
  args: readonly string[],
  options: { cwd: string; env?: Readonly<Record<string, string>>; input?: string },
): RunningCommand {
  const child = spawn(process.execPath, [entry(), ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: options.cwd, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input ?? '')
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  const changed = (): void => watchers.forEach((watch) => watch())
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
    changed()
  })
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
    changed()
  })
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  const output = (): string => stdout + stderr
  return {
    child,
    output,
    finished,
    seen(text) {
      return new Promise((resolve, reject) => {
        const watch = (): void => {
          const isThere = typeof text === 'string' ? output().includes(text) : text.test(output())
          if (!isThere) return
          watchers.delete(watch)
          resolve()
        }
        watchers.add(watch)
        watch()
        void finished.then(({ code }) =>
          reject(new Error(`the command ended with ${code} before ${String(text)}:\n${output()}`)),
        )
      })
    },
  }
}

export const runCommand = (
  args: readonly string[],
  options: { cwd: string; env?: Readonly<Record<string, string>>; input?: string },
): Promise<Finished> => startCommand(args, options).finished
