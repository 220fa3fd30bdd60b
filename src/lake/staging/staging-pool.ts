/**
 * The server's side of the thread that converts. It starts with the first batch, serves all tables of the process, and does
 * not keep the process alive. When it ends by itself, the batches on it fail, and the next one gets a new thread.
 */
import { Worker } from 'node:worker_threads'
import { compiledEntry } from '../../core/index.ts'
import { lakeError } from '../errors.ts'
import type { FromThread, ToThread } from './staging-messages.ts'

export interface StagingJob {
  readonly send: (message: ToThreadOf, transfer?: readonly ArrayBuffer[]) => void
  /** No more messages. */
  readonly end: () => void
}

type ToThreadOf = ToThread extends infer Each
  ? Each extends ToThread
    ? Omit<Each, 'id'>
    : never
  : never
export type Answer = FromThread | { readonly lost: Error }

interface Thread {
  readonly worker: Worker
  readonly jobs: Map<number, (answer: Answer) => void>
}

let thread: Thread | undefined
let ids = 0

export function openStagingJob(onAnswer: (answer: Answer) => void): StagingJob {
  const { worker, jobs } = (thread ??= startThread())
  const id = ++ids
  jobs.set(id, onAnswer)
  // While a batch is on the thread, whoever waits for it must not find the process ended.
  worker.ref()
  return {
    send(message, transfer = []) {
      worker.postMessage({ id, ...message }, transfer)
    },
    end() {
      jobs.delete(id)
      if (jobs.size === 0) worker.unref()
    },
  }
}

/** Ends the thread. What is on it fails with LAKE_THREAD_LOST, the next batch starts another. */
export async function endStagingThread(): Promise<void> {
  await thread?.worker.terminate()
}

function startThread(): Thread {
  const entry = compiledEntry(import.meta.url, 'staging-thread.js')
  // Without this process's own flags: a loader would cost it 0.1 s.
  const worker = new Worker(entry, { execArgv: [], stdin: false })
  const jobs: Thread['jobs'] = new Map()
  let cause: unknown
  worker.on('message', (answer: FromThread) => jobs.get(answer.id)?.(answer))
  worker.on('error', (error) => {
    cause = error
  })
  worker.on('exit', () => {
    if (thread?.worker === worker) thread = undefined
    const lost = lakeError(
      'LAKE_THREAD_LOST',
      'the thread that turns records into rows ended: the batch is read again from the log, on a new one',
      { cause, retryAfterSeconds: 1 },
    )
    for (const tell of jobs.values()) tell({ lost })
  })
  return { worker, jobs }
}
