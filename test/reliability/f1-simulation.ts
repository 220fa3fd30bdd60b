/** F1: the log on a simulated disk, for three minutes or as many seeds as asked for. */
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { drawSchedule } from './simulation/schedule.ts'
import { shrink } from './simulation/shrink.ts'
import { simulate } from './simulation/simulation.ts'

const MINUTES = 3
/** More failures than this say nothing new. */
const MAX_FAILURES = 5

export const simulation: Soak = async ({ seed: first, isSeedGiven, rounds }) => {
  const began = performance.now()
  const elapsed = (): number => (performance.now() - began) / 1_000
  // A seed alone is one that failed: it runs once, told step by step.
  const limit = rounds ?? (isSeedGiven ? 1 : Infinity)
  const limitSeconds = rounds === undefined ? MINUTES * 60 : Infinity
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  let [seeds, diskCalls, acknowledged, beyondModel, failures] = [0, 0, 0, 0, 0]
  let worst: string | undefined
  while (seeds < limit && failures < MAX_FAILURES && elapsed() < limitSeconds) {
    const seed = first + seeds++
    const schedule = drawSchedule(seed)
    const trace = limit === 1 ? (line: string) => console.error(line) : undefined
    const outcome = await simulate(schedule, { trace })
    diskCalls += outcome.diskCalls
    acknowledged += outcome.acknowledged
    if (outcome.isBeyondModel) beyondModel++
    if (outcome.finding === undefined) continue
    failures++
    const { anomaly, message } = outcome.finding
    anomalies[anomaly] = (anomalies[anomaly] ?? 0) + 1
    worst ??= `seed ${seed}: ${message}`
    console.error(`seed ${seed}: ${message}\nnpm run soak -- F1 --seed ${seed}`)
    console.error(`smallest: ${JSON.stringify((await shrink(schedule)).steps)}`)
  }
  const seconds = elapsed()
  return {
    id: 'F1',
    promise: 'P1 P5 P6 P7 P20',
    seed: first,
    rounds: seeds,
    acknowledged,
    anomalies,
    worst,
    controls: await controls(first),
    seconds,
    more: {
      seeds_per_minute: Math.round((seeds / seconds) * 60),
      disk_calls: diskCalls,
      beyond_model: beyondModel,
      disk_calls_per_second: Math.round(diskCalls / seconds),
    },
  }
}

/** A disk that lies about its syncs must show as loss, or the checker is blind. */
async function controls(first: number): Promise<{ caught: number; total: number }> {
  for (let seed = first; seed < first + 50; seed++) {
    const { finding } = await simulate(drawSchedule(seed, { damage: false }), { lyingSync: 1 })
    if (finding?.anomaly === 'lost') return { caught: 1, total: 1 }
  }
  return { caught: 0, total: 1 }
}
