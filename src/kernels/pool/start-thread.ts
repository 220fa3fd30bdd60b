import { Worker } from 'node:worker_threads'
import { compiledEntry } from '../../core/index.ts'

/** A thread that runs the compiled `file` of this folder, without this process's own flags: a loader would cost it 0.1 s. */
export const startThread = (file: string, workerData: unknown): Worker =>
  new Worker(compiledEntry(import.meta.url, file), { workerData, execArgv: [], stdin: false })
