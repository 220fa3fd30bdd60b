/** Load that another process offers, so that what asking takes is not taken from the one that measures. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LoadKind } from './loaded-server.ts'
import type { Offered } from './offer.ts'

interface TaskFacts {
  readonly url: string
  readonly kind: LoadKind
  readonly seed: number
  readonly seconds: number
  /** Whoever waits so long has gone. */
  readonly timeoutMs: number
}

/** `senders`: in a closed loop, each with one request at a time; `perSecond`: in an open loop, so many arrivals on average. */
export type LoadTask = TaskFacts & ({ readonly senders: number } | { readonly perSecond: number })

export interface LoadAnswer extends Offered {
  /** How many processors it took to ask. */
  readonly processors: number
}

export interface LoadProcess {
  /** One task at a time. */
  offer(task: LoadTask): Promise<LoadAnswer>
  close(): Promise<void>
}

export function startLoadProcess(): LoadProcess {
  const child = fork(fileURLToPath(new URL('load-child.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  })
  const exited = once(child, 'exit')
  const ended = exited.then(() => {
    throw new Error('the process that offers load ended')
  })
  // Nobody may wait for it when it is closed.
  ended.catch(() => {})
  return {
    async offer(task) {
      const answered = once(child, 'message')
      child.send(task)
      const [answer] = (await Promise.race([answered, ended])) as [LoadAnswer]
      return answer
    },
    async close() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
