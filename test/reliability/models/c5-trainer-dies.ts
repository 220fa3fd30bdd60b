/**
 * C5: a training dies at a moment that the seed draws: killed, ended by a signal of a crash, hung beyond its deadline, or out
 * of memory. Meanwhile predictions go on without a failure; the job says what happened, nothing of it is left, and asking
 * again gives one version, not two. A round is one death.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { classifier, defineApp, startApp, topic, type RunningApp } from '../../../src/app/index.ts'
import { createRandom } from '../../../src/kernels/index.ts'
import type { TrainingJob } from '../../../src/training/index.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'

const ROWS = 3_000
const app = defineApp({
  name: 'dying',
  topics: {
    visits: topic({
      schema: z.object({ a: z.number(), b: z.number(), stays: z.boolean() }),
      batch: { rows: ROWS },
    }),
  },
  models: {
    stay: classifier({
      label: 'stays',
      columns: ['a', 'b'],
      kind: 'boosted-trees',
      params: { trees: 60 },
    }),
  },
})

type Death = NodeJS.Signals | 'memory'
/** With the code that the job must end with. */
const DEATHS: readonly (readonly [Death, string])[] = [
  ['SIGKILL', 'TRAINING_CRASHED'],
  ['SIGABRT', 'TRAINING_CRASHED'],
  ['SIGSEGV', 'TRAINING_CRASHED'],
  ['memory', 'TRAINING_OUT_OF_MEMORY'],
  ['SIGSTOP', 'TRAINING_TIMEOUT'],
]
/** Parts of its way that a training has behind it. */
const MOMENTS = [0, 0.1, 0.2, 0.5]
/** Ten times what a training takes. */
const DEADLINE_MS = 15_000
const ASK_MS = 10
/** A process of Node takes more by itself. */
const SHORT_OF_MEMORY = 32 * 2 ** 20

export const trainerDies: Soak = async ({ seed, rounds = 20 }) => {
  if (process.platform !== 'linux') {
    return { id: 'C5', skipped: 'needs Linux, to find the training by /proc' }
  }
  const began = performance.now()
  const findings = createFindings()
  const random = createRandom(seed)
  const dir = await mkdtemp(join(tmpdir(), 'millrace-c5-'))
  let asked = 0
  try {
    await learn(dir, seed)
    for (let round = 0; round < rounds; round++) {
      const [death, code] = DEATHS[round % DEATHS.length]!
      const moment = MOMENTS[random.int(MOMENTS.length)]!
      await findings.attempt(`${death} at ${moment}`, async () => {
        asked += await dieOnce(dir, death, moment, code)
      })
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  return {
    id: 'C5',
    promise: 'P12 P18',
    seed,
    rounds,
    acknowledged: asked,
    anomalies,
    worst,
    seconds,
  }
}

const open = (dataDir: string, isShort = false): Promise<RunningApp> =>
  startApp(app, {
    dataDir,
    training: false,
    limits: {
      trainingTimeoutMs: DEADLINE_MS,
      ...(isShort && { trainingMemoryBytes: SHORT_OF_MEMORY }),
    },
  })

async function learn(dataDir: string, seed: number): Promise<void> {
  const running = await open(dataDir)
  const random = createRandom(seed)
  for (let row = 0; row < ROWS; row++) {
    const [a, b] = [random.gaussian(), random.gaussian()]
    await running.routes.publish('visits', { a, b, stays: a + b + random.gaussian() > 0 })
  }
  await running.sinks.get('visits')!.flush()
  const { state, error } = await trained(running)
  if (state !== 'succeeded') throw new Error(`the first training: ${state} ${error?.message ?? ''}`)
  await running.stop()
}

async function trained(running: RunningApp): Promise<TrainingJob> {
  const [job] = await running.trainer.train({ model: 'stay', trigger: 'manual', by: 'C5' })
  return running.trainer.wait(job!.id)
}

/** Answers how many predictions were asked for meanwhile. */
async function dieOnce(
  dataDir: string,
  death: Death,
  moment: number,
  code: string,
): Promise<number> {
  const running = await open(dataDir, death === 'memory')
  const ended = new AbortController()
  try {
    await running.serving.settled()
    const before = running.registry.versions('stay').length
    const asking = askOn(running, before, ended.signal)
    const stop = death === 'memory' ? () => {} : strike(running, death, moment)
    const job = await trained(running)
    stop()
    assertTold(running, job, code, before)
    ended.abort()
    const asked = await asking
    if (death === 'memory') return asked
    const again = await trained(running)
    const now = running.registry.versions('stay').length
    if (again.version !== before + 1 || now !== before + 1)
      throw new Anomaly('duplicate', `asked again, ${before} versions became ${now}`)
    return asked
  } finally {
    ended.abort()
    await running.stop()
  }
}

/** A prediction every few milliseconds, from version `version`. */
async function askOn(running: RunningApp, version: number, signal: AbortSignal): Promise<number> {
  let asked = 0
  while (!signal.aborted) {
    const answer = await running.serving.predict('stay', [{ a: 1, b: asked % 7 }])
    if (answer.version !== version)
      throw new Anomaly('changed', `version ${answer.version} answers`)
    asked += 1
    await pause(ASK_MS)
  }
  return asked
}

/** Sends the signal as soon as the training is so far; once. */
function strike(running: RunningApp, signal: NodeJS.Signals, moment: number): () => void {
  let isDone = false
  const strikeNow = async (): Promise<void> => {
    for (const deadline = performance.now() + 5_000; performance.now() < deadline;) {
      const [pid] = trainingChildren()
      if (pid !== undefined) return void process.kill(pid, signal)
      await pause(1)
    }
  }
  return running.trainer.onJob(({ state, progress }) => {
    if (isDone || state !== 'running' || progress < moment) return
    isDone = true
    void strikeNow()
  })
}

function assertTold(running: RunningApp, job: TrainingJob, code: string, before: number): void {
  if (job.state !== 'failed' || job.error?.code !== code)
    throw new Anomaly('phantom', `the job is ${job.state} ${job.error?.code ?? ''}, not ${code}`)
  const versions = running.registry.versions('stay').length
  if (versions !== before) throw new Anomaly('phantom', `${before} versions became ${versions}`)
  const [left] = trainingChildren()
  if (left !== undefined) throw new Anomaly('stuck', `process ${left} still trains`)
  const folder = join(running.dataDir, 'run/training')
  const files = existsSync(folder) ? readdirSync(folder) : []
  if (files.length > 0) throw new Anomaly('phantom', `${files.join(' ')} is left of the training`)
}

/** Processes of our own that train. */
function trainingChildren(): number[] {
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return children.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('training-child')
    } catch {
      return false
    }
  })
}
