/** The entry of a worker thread of `thread-pool.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { webAssembly } from '../webassembly.ts'
import { takeRanges, type RangeKernel, type RangeTask, type ThreadData } from './range-task.ts'

const data = workerData as ThreadData
const instance = new webAssembly.Instance(data.module, { env: { memory: data.memory } })
const kernels = instance.exports as Readonly<Record<string, RangeKernel>>
parentPort?.on('message', (task: RangeTask) => {
  takeRanges(kernels, data, task)
  parentPort?.postMessage('done')
})
