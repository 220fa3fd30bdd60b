/**
 * Entry of the training process: one plan in, progress and one outcome out, the artifact's files on disk. It ends after
 * one training, so an out-of-memory or a hang ends that training and nothing else.
 */
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../core/index.ts'
import {
  decodeArtifact,
  encodeArtifact,
  loadModel,
  type Fitted,
  type TaskName,
} from '../models/index.ts'
import { openSqlEngine } from '../sql/index.ts'
import { runClusterJob } from './cluster-job.ts'
import { runHorizonJob } from './horizon-job.ts'
import { runLabelledJob, type JobResult, type JobTools } from './labelled-job.ts'
import type { ChildMessage, TrainingPlan } from './plan.ts'
import { runRecommenderJob } from './recommender-job.ts'

/** Of the training's memory, the part that the SQL engine may take. */
const ENGINE_SHARE = 0.4

/**
 * Frames with a row per event are windows over sorted rows. A clusterer's rows are sums over groups, and a sum of doubles depends on the order in which threads bring them: it
 * has one, so that a replay gives the same bits (P10).
 */
const ENGINE_THREADS = 2

const send = (message: ChildMessage): void => {
  process.send?.(message)
}

async function run(plan: TrainingPlan): Promise<void> {
  const abort = new AbortController()
  process.once('SIGTERM', () => abort.abort(new Error('cancelled')))
  const engine = await openSqlEngine({
    memoryBytes: Math.floor(plan.memoryBytes * ENGINE_SHARE),
    threads: plan.spec.task === 'clusterer' ? 1 : ENGINE_THREADS,
    spillDir: join(plan.outDir, 'spill'),
  })
  const tools: JobTools = {
    engine,
    signal: abort.signal,
    progress: (done) => send({ type: 'progress', done }),
    estimate: (memoryBytes) => send({ type: 'estimate', memoryBytes }),
    champion: await loadChampion(plan),
  }
  const { fitted, outcome } = await jobOf(plan.spec)(plan, tools)
  await writeArtifact(fitted, plan.outDir)
  await engine.close()
  send({ type: 'done', outcome })
}

type Job = (plan: TrainingPlan, tools: JobTools) => Promise<JobResult>

const jobOf = ({ task, horizon }: TrainingPlan['spec']): Job =>
  horizon ? runHorizonJob : JOBS[task]

const JOBS: Readonly<Record<TaskName, Job>> = {
  classifier: runLabelledJob,
  regressor: runLabelledJob,
  clusterer: runClusterJob,
  recommender: runRecommenderJob,
}

async function loadChampion(plan: TrainingPlan): Promise<JobTools['champion']> {
  if (plan.champion === undefined) return undefined
  const { folder, version } = plan.champion
  const files = new Map<string, Uint8Array>()
  for (const name of await readdir(folder)) files.set(name, await readFile(join(folder, name)))
  return { version, fitted: await loadModel(decodeArtifact(files)) }
}

async function writeArtifact(fitted: Fitted, outDir: string): Promise<void> {
  const { files } = encodeArtifact(fitted.save())
  await mkdir(outDir, { recursive: true })
  for (const [name, bytes] of files) {
    const file = await open(join(outDir, name), 'w', 0o600)
    await file.writeFile(bytes)
    await file.close()
  }
}

/** An error of any room reaches the user as that room made it: its code, its remedy. */
function failureOf(error: unknown): ChildMessage {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof MillraceError)) return { type: 'failed', message }
  const { code, status, retryable, title, details } = error
  return { type: 'failed', message, error: { code, status, retryable, title, details } }
}

// Ctrl-C in a terminal reaches the whole group of processes; the parent decides what becomes of a training.
process.on('SIGINT', () => {})
process.once('message', (plan: TrainingPlan) => {
  run(plan).then(
    () => process.disconnect(),
    (error: unknown) => {
      process.send?.(failureOf(error), () => process.disconnect())
    },
  )
})
send({ type: 'ready' })
