/** Our broker in a process of its own on a free port, ended by `close`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('broker-child.ts', import.meta.url))

export interface BrokerProcess {
  readonly bootstrap: string
  close(): Promise<void>
}

export async function startBroker(
  dir: string,
  node: readonly string[] = [],
): Promise<BrokerProcess> {
  await mkdir(dir, { recursive: true })
  const child = spawn(process.execPath, [...node, '--import', 'tsx', program, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const [port] = (await Promise.race([once(lines, 'line'), exited])) as [unknown]
  if (child.exitCode !== null) throw new Error(`the broker ended with code ${child.exitCode}`)
  return {
    bootstrap: `127.0.0.1:${String(port)}`,
    async close() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
