/** The thread that converts: frames of records in, staged files out. One serves all tables of the process. */
import { parentPort } from 'node:worker_threads'
import { BatchStager } from './batch-stager.ts'
import type { FromThread, ToThread } from './staging-messages.ts'

const stagers = new Map<number, BatchStager>()
const answer = (message: FromThread): void => parentPort?.postMessage(message)

function take(message: ToThread): void {
  const { id } = message
  if ('open' in message) {
    stagers.set(id, new BatchStager(message.open))
    return
  }
  const stager = stagers.get(id)
  // One that failed; what was on its way to it is of no use.
  if (!stager) return
  if ('frame' in message) answer({ id, rejected: stager.add(message.frame) })
  else if (message.ask === 'finish') answer({ id, staged: stager.finish() })
  else {
    stager.discard()
    stagers.delete(id)
  }
}

parentPort?.on('message', (message: ToThread) => {
  try {
    take(message)
  } catch (error) {
    const { id } = message
    const { message: text, code } = error as NodeJS.ErrnoException
    answer({ id, failure: { message: text, code } })
    stagers.get(id)?.discard()
    stagers.delete(id)
  }
})
