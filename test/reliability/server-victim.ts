/** The whole server as the victim: started as a user starts it, written to over HTTP, checked by opening its log. */
import { join } from 'node:path'
import { root } from '../house/sources.ts'
import { startInstance, type Instance } from '../e2e/instance.ts'
import { idOfEvent, startSenders, TOPICS, type Senders } from './senders.ts'
import { checkLog, type Checked, type Journal } from './writer.ts'

export interface ServerVictim {
  readonly instance: Instance
  readonly senders: Senders
  /** SIGKILL, and the senders end. */
  kill(): Promise<void>
}

/** `sync`: how its syncs behave, see sync-mode.mjs. */
export async function startVictim(
  dataDir: string,
  seed: number,
  journal: Journal,
  sync = '',
): Promise<ServerVictim> {
  const instance = await startServer(dataDir, sync)
  const senders = startSenders(instance.url, seed, journal)
  return {
    instance,
    senders,
    async kill() {
      await instance.kill()
      await senders.stop()
    },
  }
}

export function startServer(dataDir: string, sync = ''): Promise<Instance> {
  const preload = `--import ${join(root, 'test/reliability/sync-mode.mjs')}`
  const env: Record<string, string> =
    sync === '' ? {} : { MILLRACE_SYNC: sync, NODE_OPTIONS: preload }
  return startInstance({ dataDir, env })
}

export const checkServer = (dataDir: string, journal: Journal): Promise<Checked> =>
  checkLog(join(dataDir, 'log'), journal, { readId: idOfEvent, topics: TOPICS })
