/** A broker on a log in a temporary folder, for tests: it can be ended, killed and opened again. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type Clock, type Logger } from '../core/index.ts'
import { openLog, type Log } from '../log/index.ts'
import type { Broker, BrokerOptions } from './broker.ts'
import { openBroker } from './open-broker.ts'
import { WireClient } from './wire-client.testing.ts'

export interface BrokerWorld extends AsyncDisposable {
  readonly log: Log
  readonly broker: Broker
  /** `host:port` for clients. */
  readonly bootstrap: string
  /** Lines that the broker logged at `info` and above. */
  readonly lines: readonly string[]
  connect(): Promise<WireClient>
  /** The same folder behind another broker, on another port: after an orderly end, or as after `kill -9`. */
  reopen(how: 'closed' | 'killed'): Promise<void>
}

export interface WorldOptions extends Omit<BrokerOptions, 'log' | 'clock'> {
  readonly clock?: Clock
}

export async function makeBrokerWorld(options: WorldOptions = {}): Promise<BrokerWorld> {
  const root = mkdtempSync(join(tmpdir(), 'millrace-broker-'))
  const { clock = systemClock } = options
  const lines: string[] = []
  const say = (facts: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(facts)}`)
  }
  const logger: Logger = { debug() {}, info: say, warn: say, error: say, child: () => logger }
  const clients: WireClient[] = []
  let generation = 0
  const open = async (): Promise<{ log: Log; broker: Broker }> => {
    const log = await openLog({ dir: join(root, String(generation)), clock, cleanIntervalMs: 0 })
    return { log, broker: await openBroker({ port: 0, logger, ...options, log, clock }) }
  }
  let current = await open()
  const close = async (): Promise<void> => {
    for (const client of clients.splice(0)) client.end()
    await current.broker.close()
    await current.log.close()
  }
  return {
    get log() {
      return current.log
    },
    get broker() {
      return current.broker
    },
    get bootstrap() {
      return `${current.broker.host}:${current.broker.port}`
    },
    lines,
    async connect() {
      const client = await WireClient.connect(current.broker.port)
      clients.push(client)
      return client
    },
    async reopen(how) {
      const before = join(root, String(generation))
      if (how === 'killed') {
        // What is on disk at this moment is all that a killed process leaves.
        generation++
        const isLock = (path: string): boolean => /lock\.\d+$/.test(path)
        const copy = join(root, String(generation))
        cpSync(before, copy, { recursive: true, filter: (path) => !isLock(path) })
      }
      await close()
      current = await open()
    },
    async [Symbol.asyncDispose]() {
      await close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}
