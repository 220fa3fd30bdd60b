/** Runs the product as a user does: the compiled command line in a process of its own, spoken to over HTTP. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { root } from '../house/sources.ts'

const MAIN = join(root, 'dist/cli/main.js')
export const RATINGS_APP = join(root, 'test/fixtures/ratings-app/app.ts')

export interface Instance {
  readonly url: string
  readonly process: ChildProcess
  /** Everything it wrote, for the message of a failed check. */
  output(): string
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
}

export interface StartFlags {
  readonly dataDir: string
  readonly app?: string
  readonly args?: readonly string[]
  /** Serves Kafka clients on a port that the system chooses. */
  readonly broker?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** A command that runs it, in the same process in the end: `strace -D …`. */
  readonly under?: readonly string[]
}

/** Its process, which nothing has answered yet. */
export function spawnInstance(flags: StartFlags): ChildProcessByStdio<null, Readable, Readable> {
  const args = [
    'start',
    flags.app ?? RATINGS_APP,
    '--port',
    '0',
    '--data-dir',
    flags.dataDir,
    ...(flags.broker === true ? ['--broker-port', '0'] : ['--no-broker']),
  ]
  const [command, ...rest] = [...(flags.under ?? []), process.execPath, MAIN, ...args]
  return spawn(command!, [...rest, ...(flags.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PORT: '',
      MILLRACE_DATA_DIR: '',
      MILLRACE_BROKER_PORT: '',
      NO_COLOR: '1',
      ...flags.env,
    },
  })
}

/** Resolves when `/livez` answers. */
export async function startInstance(flags: StartFlags): Promise<Instance> {
  const instanceFile = join(flags.dataDir, 'run/instance.json')
  const child = spawnInstance(flags)
  let text = ''
  const collect = (bytes: Buffer): void => {
    text += bytes.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const exited = once(child, 'exit')
  const url = await until(`an instance on ${flags.dataDir} answers`, async () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the instance ended with ${child.exitCode ?? child.signalCode}:\n${text}`)
    }
    if (!existsSync(instanceFile)) return undefined
    const instance = parse(readFileSync(instanceFile, 'utf8'))
    if (instance?.pid !== child.pid || instance?.url === undefined) return undefined
    const answer = await fetch(`${instance.url}/livez`).catch(() => undefined)
    return answer?.ok === true ? instance.url : undefined
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await exited
  }
  return {
    url,
    process: child,
    output: () => text,
    async stop() {
      await end('SIGTERM')
      return child.exitCode
    },
    kill: () => end('SIGKILL'),
  }
}

/** The file may be half there while it is written. */
function parse(text: string): { pid?: number; url?: string } | undefined {
  try {
    return JSON.parse(text) as { pid?: number; url?: string }
  } catch {
    return undefined
  }
}

/** Asks every 25 ms until there is an answer; a minute is far more than any of the conditions needs. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 25)
    })
  }
}

export async function getJson<T>(url: string, path: string): Promise<T> {
  const answer = await fetch(url + path)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${text}`)
  return JSON.parse(text) as T
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
  readonly headers: Headers
}

export async function postJson<T>(url: string, path: string, body: unknown): Promise<Answer<T>> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return {
    status: answer.status,
    body: (await answer.json()) as T,
    headers: answer.headers,
  }
}
