import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface RecommendationServer {
  readonly port: number
  /** Trains in the background until its end. */
  train(): Promise<void>
  close(): Promise<void>
}

/** Starts `server-child.ts`; resolves when its model serves. */
export function startServer(): Promise<RecommendationServer> {
  const entry = fileURLToPath(new URL('server-child.ts', import.meta.url))
  return startChild(process.execPath, ['--import', 'tsx', entry])
}

/** Starts a program that prints `port N` when it serves and ends with its input. */
export async function startChild(
  command: string,
  args: readonly string[],
): Promise<RecommendationServer> {
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
    async train() {
      child.stdin.write('train\n')
      await expect('trained')
    },
    async close() {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
    },
  }
}
