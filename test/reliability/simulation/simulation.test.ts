/** F1 in small: seeds that once failed, and a few new ones. The long run is `npm run soak -- F1`. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { drawSchedule } from './schedule.ts'
import { KNOWN_SEEDS } from './seeds.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulation.ts'

const SEEDS = Number(process.env['MILLRACE_RUNS'] ?? 60)
const FIRST = Number(process.env['MILLRACE_SEED'] ?? 1)

describe('the log on a simulated disk', () => {
  for (const { seed, damage, found } of KNOWN_SEEDS) {
    it(`stays right with seed ${seed}, which found ${found}`, async () => {
      const { finding, isBeyondModel } = await simulate(drawSchedule(seed, { damage }))
      assert.equal(finding, undefined)
      assert.equal(isBeyondModel, false)
    })
  }

  it(`keeps its promises, seeds ${FIRST} to ${FIRST + SEEDS - 1}`, async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const { finding } = await simulate(drawSchedule(seed))
      assert.equal(finding, undefined, `seed ${seed}: npm run soak -- F1 --seed ${seed}`)
    }
  })

  it('does the same again with the same seed', async () => {
    const schedule = drawSchedule(FIRST + 3)
    const traces = [[], []] as string[][]
    const outcomes = []
    for (const trace of traces) {
      outcomes.push(await simulate(schedule, { trace: (line) => trace.push(line) }))
    }
    assert.deepEqual(outcomes[0], outcomes[1])
    assert.deepEqual(traces[0], traces[1])
  })

  it('sees the loss when the disk lies about its syncs, and shrinks to a few steps', async () => {
    const options = { lyingSync: 1 }
    for (let seed = 1; seed < 40; seed++) {
      const schedule = drawSchedule(seed, { damage: false })
      const { finding } = await simulate(schedule, options)
      if (finding?.anomaly !== 'lost') continue
      const smallest = await shrink(schedule, options)
      assert.ok(smallest.steps.length <= 4, JSON.stringify(smallest.steps))
      return
    }
    assert.fail('no seed saw the loss')
  })
})
