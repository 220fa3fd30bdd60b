/** The entry of a worker thread of `team.ts`. */
import { workerData } from 'node:worker_threads'
import { webAssembly } from '../webassembly.ts'
import {
  CLOSED,
  isUnchanged,
  kernelsOf,
  SLEEPERS,
  takeTeamRanges,
  TURN,
  type TeamThreadData,
} from './team-task.ts'

const { module, memory, control, kernels: names, scratch } = workerData as TeamThreadData
const instance = new webAssembly.Instance(module, { env: { memory } })
const kernels = kernelsOf(instance.exports, names)
while (Atomics.load(control, CLOSED) === 0) {
  const turn = Atomics.load(control, TURN)
  takeTeamRanges(kernels, control, scratch)
  if (!isUnchanged(control, TURN, turn)) continue
  Atomics.add(control, SLEEPERS, 1)
  Atomics.wait(control, TURN, turn)
  Atomics.sub(control, SLEEPERS, 1)
}
