/** The process that offers load: takes one task after another from its parent and answers each with what came of it. */
import { setPriority } from 'node:os'
import { createRandom } from '../../../src/kernels/index.ts'
import { openLoadClient } from './http-client.ts'
import type { LoadAnswer, LoadTask } from './load-process.ts'
import { requestsOf } from './loaded-server.ts'
import { offerClosed, offerOpen } from './offer.ts'

/** Whoever asks must not take the processor from the one that answers: on a machine of their own they would not. */
const NICE = 10
setPriority(NICE)

process.on('message', (task: LoadTask) => void run(task))

async function run(task: LoadTask): Promise<void> {
  const client = openLoadClient(task.url, task.timeoutMs)
  const load = {
    client,
    request: requestsOf(task.url, task.kind, task.seed),
    seconds: task.seconds,
  }
  const before = process.cpuUsage()
  const began = performance.now()
  const offered =
    'senders' in task
      ? await offerClosed(load, task.senders)
      : await offerOpen(load, task.perSecond, createRandom(task.seed))
  const { user, system } = process.cpuUsage(before)
  client.close()
  const processors = (user + system) / 1_000 / (performance.now() - began)
  const answer: LoadAnswer = { ...offered, processors: Number(processors.toFixed(2)) }
  process.send?.(answer)
}
