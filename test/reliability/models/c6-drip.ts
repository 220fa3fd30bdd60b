/**
 * C6, the slow one: over twenty batches a growing share of labels is turned around, so that each version is only a little worse
 * than the one before, and the gate rows of earlier batches are poisoned too. The rows that judge for ever stop it: no
 * accepted version is worse on the truth than the best before by more than the margin. The same stream without them is the
 * control, which must get worse. A round is a batch.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import {
  defineApp,
  notWorse,
  regressor,
  startApp,
  topic,
  type RunningApp,
} from '../../../src/app/index.ts'
import { ratingRecords, type RatingEvent } from '../../fixtures/ratings-lake.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { referenceError } from './poison.ts'

const ROWS_A_BATCH = 1_000
const CLEAN_BATCHES = 3
/** More labels that are turned around with every batch, in all at most half of them. */
const MORE = 0.05
const MARGIN = 0.02
/** Some 300 rows judge: what they say of two versions is off by so much. */
const NOISE = 0.02

const appOf = (reference: number | undefined) =>
  defineApp({
    name: 'drip',
    topics: {
      ratings: topic({
        schema: z.object({
          userId: z.int(),
          movieId: z.int(),
          rating: z.number().min(0.5).max(5),
          timestamp: z.int(),
        }),
        eventTime: 'timestamp',
        batch: { rows: ROWS_A_BATCH },
      }),
    },
    models: {
      rating: regressor({
        label: 'rating',
        kind: 'bias',
        categories: ['userId', 'movieId'],
        range: [0.5, 5],
        gate: { rmse: notWorse(MARGIN), ...(reference !== undefined && { reference }) },
      }),
    },
  })

export const drip: Soak = async ({ seed, rounds = 20 }) => {
  const began = performance.now()
  const findings = createFindings()
  const judged = await pour(appOf(CLEAN_BATCHES), seed, rounds)
  const alone = await pour(appOf(undefined), seed, rounds)
  const [rise, riseOfControl] = [riseOf(judged), riseOf(alone)]
  if (rise > MARGIN + NOISE)
    findings.note('changed', `a version was accepted whose error is ${rise} above the best`)
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  return {
    id: 'C6-drip',
    promise: 'P14',
    seed,
    rounds,
    acknowledged: rounds * ROWS_A_BATCH,
    anomalies,
    worst,
    controls: { caught: riseOfControl > MARGIN + NOISE ? 1 : 0, total: 1 },
    seconds,
    more: {
      rmse_rise: Number(rise.toFixed(4)),
      rmse_rise_of_control: Number(riseOfControl.toFixed(4)),
      first_rejected: judged.find(({ isAccepted }) => !isAccepted)?.version ?? 0,
    },
  }
}

interface Version {
  readonly version: number
  readonly isAccepted: boolean
  /** On rows of the truth that no stream carried. */
  readonly error: number
}

/** By how much an accepted version was worse than the best one accepted before, at most. */
function riseOf(versions: readonly Version[]): number {
  let best = Infinity
  let rise = 0
  for (const { error, isAccepted } of versions) {
    if (!isAccepted) continue
    rise = Math.max(rise, error - best)
    best = Math.min(best, error)
  }
  return rise
}

/** Batch after batch, a training after each. */
async function pour(
  app: ReturnType<typeof appOf>,
  seed: number,
  batches: number,
): Promise<Version[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-c6-'))
  const running = await startApp(app, { dataDir, training: false })
  const versions: Version[] = []
  try {
    for (let batch = 0; batch < batches; batch++) {
      const share = Math.min(0.5, MORE * Math.max(0, batch - CLEAN_BATCHES + 1))
      await publish(running, eventsOf(seed, batch, share))
      const [job] = await running.trainer.train({ model: 'rating', trigger: 'manual', by: 'C6' })
      const { version = 0, error } = await running.trainer.wait(job!.id)
      if (error) throw new Error(error.message)
      const artifact = await running.registry.readArtifact('rating', version)
      const { status } = running.registry.version('rating', version)
      versions.push({
        version,
        isAccepted: status === 'accepted',
        error: await referenceError(artifact),
      })
    }
    return versions
  } finally {
    await running.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

function eventsOf(seed: number, batch: number, share: number): RatingEvent[] {
  const turned = Math.round(share * 100)
  const records = ratingRecords(batch * ROWS_A_BATCH, ROWS_A_BATCH, {
    seed: seed * 1_000 + batch,
    change: (event, offset) =>
      (offset * 37) % 100 < turned ? { ...event, rating: 5.5 - event.rating } : event,
  })
  return records.map(({ value }) => JSON.parse(String(value)) as RatingEvent)
}

async function publish(running: RunningApp, events: readonly RatingEvent[]): Promise<void> {
  await Promise.all(events.map((event) => running.routes.publish('ratings', { ...event })))
  await running.sinks.get('ratings')!.flush()
}
