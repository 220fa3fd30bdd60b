/** The smallest schedule that still fails in the same way: steps, actions and faults go for as long as it does. */
import type { Schedule, Step } from './schedule.ts'
import { simulate, type SimulationOptions } from './simulation.ts'

const PLAINER: readonly Partial<Step>[] = [
  { faults: {} },
  { reopenFaults: {} },
  { reopenCrash: undefined },
  { damage: undefined },
  { ending: 'stay' },
  { advanceMs: 0, jumpMs: 0 },
]

export async function shrink(
  schedule: Schedule,
  options: SimulationOptions = {},
): Promise<Schedule> {
  const { finding } = await simulate(schedule, options)
  if (finding === undefined) return schedule
  let smallest: Schedule = { ...schedule, steps: schedule.steps.slice(0, finding.step + 1) }
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    const smaller = { ...schedule, steps }
    const outcome = await simulate(smaller, options)
    if (outcome.finding?.anomaly !== finding.anomaly) return false
    smallest = smaller
    return true
  }
  for (let before = ''; before !== JSON.stringify(smallest);) {
    before = JSON.stringify(smallest)
    for (let at = smallest.steps.length - 1; at >= 0; at--) {
      if (await fails(smallest.steps.toSpliced(at, 1))) continue
      await shrinkStep(at, () => smallest.steps, fails)
    }
  }
  return smallest
}

async function shrinkStep(
  at: number,
  steps: () => readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<void> {
  const change = async (part: Partial<Step>): Promise<boolean> => {
    const step = steps()[at]!
    const changed = { ...step, ...part }
    return JSON.stringify(changed) !== JSON.stringify(step) && fails(steps().with(at, changed))
  }
  for (const part of PLAINER) await change(part)
  for (let action = steps()[at]!.actions.length - 1; action >= 0; action--) {
    await change({ actions: steps()[at]!.actions.toSpliced(action, 1) })
  }
}
