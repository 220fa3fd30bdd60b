/** Runs one plan in a child process: memory watched, deadline kept, cancellable. */
import { fork, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { compiledEntry, MillraceError, type Clock } from '../core/index.ts'
import { trainingError } from './errors.ts'
import type { ChildMessage, TrainingOutcome, TrainingPlan } from './plan.ts'

export interface ProcessOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number) => void
  readonly onEstimate: (bytes: number) => void
}

/** How often the child's memory is read, milliseconds: at 1 GB/s a child cannot pass the limit by more than 250 MB. */
const WATCH_MS = 250
/** Time for a child to end by itself after SIGTERM. */
const GRACE_MS = 1_000
const MIB = 1024 * 1024

export function runTrainingProcess(
  plan: TrainingPlan,
  options: ProcessOptions,
): Promise<TrainingOutcome> {
  const child = fork(compiledEntry(import.meta.url, 'training-child.js'), [], {
    execArgv: [`--max-old-space-size=${Math.max(64, Math.floor(plan.memoryBytes / MIB))}`],
    env: { NODE_ENV: process.env['NODE_ENV'] ?? 'production', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    let outcome: TrainingOutcome | undefined
    let failure: Error | undefined
    let stderr = ''
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr = (stderr + bytes.toString()).slice(-2_000)
    })
    const end = (error: Error): void => {
      failure ??= error
      endChild(child, options.clock)
    }
    const unwatch = watch(child, plan, options, end)
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'ready') child.send(plan)
      else if (message.type === 'progress') options.onProgress(message.done)
      else if (message.type === 'estimate') options.onEstimate(message.memoryBytes)
      else if (message.type === 'done') outcome = message.outcome
      else failure ??= failureOf(message, plan)
    })
    child.once('error', end)
    child.once('exit', (code, signal) => {
      unwatch()
      if (failure !== undefined) reject(failure)
      else if (outcome !== undefined) resolve(outcome)
      else reject(crashed(plan, code, signal, stderr))
    })
  })
}

/** Deadline, cancellation and memory. Returns what stops the watching. */
function watch(
  child: ChildProcess,
  plan: TrainingPlan,
  options: ProcessOptions,
  end: (error: Error) => void,
): () => void {
  const { clock, signal, timeoutMs } = options
  const name = plan.spec.name
  const stopDeadline = clock.after(timeoutMs, () =>
    end(
      trainingError(
        'TRAINING_TIMEOUT',
        `training ${name} did not end within ${timeoutMs} ms: train on fewer batches, or raise trainingTimeoutMs`,
      ),
    ),
  )
  const onAbort = (): void =>
    end(trainingError('TRAINING_CANCELLED', `training ${name} was cancelled`))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setInterval(() => {
    void residentBytes(child.pid).then((bytes) => {
      if (bytes > plan.memoryBytes) end(outOfMemory(name, bytes, plan.memoryBytes))
    })
  }, WATCH_MS)
  timer.unref()
  return () => {
    stopDeadline()
    clearInterval(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function endChild(child: ChildProcess, clock: Clock): void {
  child.kill('SIGTERM')
  clock.after(GRACE_MS, () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  })
}

/** Resident memory by /proc; 0 where there is none (macOS): there the heap limit alone holds. */
async function residentBytes(pid: number | undefined): Promise<number> {
  try {
    const text = await readFile(`/proc/${pid}/statm`, 'utf8')
    return Number(text.split(' ')[1]) * 4096
  } catch {
    return 0
  }
}

const outOfMemory = (name: string, bytes: number, limit: number): MillraceError =>
  trainingError(
    'TRAINING_OUT_OF_MEMORY',
    `training ${name} took ${bytes} bytes, the limit is ${limit}: train on fewer batches, or raise trainingMemoryBytes`,
    { details: { limit } },
  )

/** How the SQL engine says that its share of the training's memory is used up. */
const ENGINE_OUT_OF_MEMORY = /^Out of Memory Error/

function failureOf(
  { message, error }: Extract<ChildMessage, { type: 'failed' }>,
  plan: TrainingPlan,
): Error {
  if (ENGINE_OUT_OF_MEMORY.test(message)) {
    return trainingError(
      'TRAINING_OUT_OF_MEMORY',
      `reading the data of ${plan.spec.name} needs more than the SQL engine's share of ${plan.memoryBytes} bytes: train on fewer batches, or raise trainingMemoryBytes`,
      { details: { limit: plan.memoryBytes } },
    )
  }
  return error
    ? new MillraceError(error.code, error, message, { details: error.details })
    : trainingError('TRAINING_CRASHED', message)
}

function crashed(
  plan: TrainingPlan,
  code: number | null,
  signal: NodeJS.Signals | null,
  stderr: string,
): Error {
  if (stderr.includes('heap out of memory')) {
    return outOfMemory(plan.spec.name, plan.memoryBytes, plan.memoryBytes)
  }
  return trainingError(
    'TRAINING_CRASHED',
    `the process that trained ${plan.spec.name} ended with ${signal ?? `exit code ${code}`} and no answer: the next trigger starts a new one`,
    { details: { code, signal, stderr: stderr.slice(-500) } },
  )
}
