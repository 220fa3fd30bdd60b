/** A program that serves HTTP in a process of its own: it prints `port N` when it does, and ends with its input. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ServerProcess {
  readonly port: number
  /** Writes a line to its input; resolves when it prints one that begins with `answer`. */
  ask(line: string, answer: string): Promise<void>
  close(): Promise<void>
}

export async function startProcess(
  command: string,
  args: readonly string[],
): Promise<ServerProcess> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const expect = async (start: string): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`the server ended with code ${child.exitCode}`)
      if (value.startsWith(start)) return value.slice(start.length)
    }
  }
  const port = Number(await expect('port '))
  return {
    port,
    async ask(line, answer) {
      child.stdin.write(`${line}\n`)
      await expect(answer)
    },
    async close() {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
    },
  }
}

/** A program of ours, written in TypeScript. */
export const startScript = (file: string, ...args: string[]): Promise<ServerProcess> =>
  startProcess(process.execPath, ['--import', 'tsx', file, ...args])
