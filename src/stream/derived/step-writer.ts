/** Takes one step from due to done, in the order of `derived-stream.ts`. Each part may be repeated. */
import type { Clock, TopicPartitionOffset } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import type { DeadLetters } from '../dead-letters.ts'
import type { StepSeam } from './derived-stream.ts'
import type { Operator } from './operator.ts'
import type { ResultTopic } from './result-topic.ts'
import type { Step, StepLog } from './step-log.ts'

/** A step on its way; what is done already survives a failed attempt. */
export interface StepJob<Due> {
  step: Step
  readonly due: Due
  isPlanned: boolean
  /** The step as it was recorded when it was done. */
  done?: Step
}

export interface StepWriterOptions<Due> {
  readonly log: Log
  readonly operator: Operator<Due>
  readonly steps: StepLog
  readonly letters: DeadLetters
  readonly results: ResultTopic
  readonly commitOffsets: (offsets: readonly TopicPartitionOffset[]) => Promise<void>
  readonly clock: Clock
  readonly seam: (name: StepSeam) => void | Promise<void>
}

export interface StepWriter<Due> {
  /** Answers the step as it is done. Rejects with what the log says; the same job may be written again. */
  write(job: StepJob<Due>): Promise<Step>
}

/** Under this name the log keeps from retention what a stream reads again at a start. */
export const holderOf = (stream: string): string => `stream:${stream}`

export function createStepWriter<Due>(options: StepWriterOptions<Due>): StepWriter<Due> {
  const { log, operator, steps, letters, results, clock, seam } = options

  return {
    async write(job) {
      if (job.done) return finish(job.done)
      await seam('due')
      // 1 planned
      if (!job.isPlanned) {
        job.step = {
          ...job.step,
          lettersFrom: await letters.end(),
          resultsFrom: await results.end(),
        }
        await steps.append(job.step, clock.now())
        job.isPlanned = true
      }
      await seam('planned')
      // 2 dead letters and results
      const { lettersFrom, resultsFrom } = job.step
      const given = operator.results(job.due)
      await letters.write(given.letters, lettersFrom, clock.now())
      await seam('letters-written')
      await results.write(given.records, resultsFrom)
      await seam('results-written')
      // 3 done
      job.done = await record(job, given.records.length)
      await seam('done')
      return finish(job.done)
    },
  }

  async function record(job: StepJob<Due>, given: number): Promise<Step> {
    const { cuts, steps: before, results: earlier } = job.step
    const positions = new Map(cuts.map(({ partition, offset }) => [partition, offset]))
    const done: Step = {
      ...job.step,
      state: 'done',
      steps: before + 1,
      results: earlier + given,
      base: operator.baseAfter(job.due, positions),
    }
    await steps.append(done, clock.now())
    operator.settle(job.due)
    return done
  }

  async function finish(done: Step): Promise<Step> {
    const { topic, cuts } = done
    // 4 offsets committed
    await options.commitOffsets(cuts.map((cut) => ({ topic, ...cut })))
    await seam('committed')
    // 5 retention told
    holdFrom(log, done)
    return done
  }
}

/** Retention keeps everything from the origins on. */
export function holdFrom(log: Log, { stream, topic, base }: Step): void {
  for (const { partition, offset } of base.origins) {
    log.hold(holderOf(stream), { topic, partition, offset })
  }
}
