import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { systemClock } from '../core/index.ts'
import { createJobQueue, type JobQueue, type QueuedWork, type Worker } from './job-queue.ts'

const work = (model: string, last: number, of?: number): QueuedWork => ({
  model,
  trigger: 'batches',
  by: 'rule',
  set: { scheme: 'cumulative', part: 1, of, batches: [1, last] },
})

/** A worker that ends when the test says so, and records what ran and how many at once. */
function gatedWorker(): { worker: Worker; ran: string[]; most: () => number; release: () => void } {
  const ran: string[] = []
  let now = 0
  let most = 0
  const gates: (() => void)[] = []
  let credits = 0
  const worker: Worker = async (one, signal) => {
    now += 1
    most = Math.max(most, now)
    ran.push(`${one.model}:${one.set.batches[1]}`)
    await new Promise<void>((resolve, reject) => {
      if (credits > 0) {
        credits -= 1
        resolve()
      } else gates.push(resolve)
      signal.addEventListener('abort', () => reject(new Error('aborted')))
    })
    now -= 1
    return { state: 'succeeded' }
  }
  const release = (): void => {
    const gate = gates.shift()
    if (gate) gate()
    else credits += 1
  }
  return { worker, ran, most: () => most, release }
}

/** Resolves when a job has begun. */
const runningJob = (queue: JobQueue): Promise<void> =>
  new Promise((resolve) => {
    queue.onJob((job) => job.state === 'running' && resolve())
  })

describe('job queue', () => {
  it('a refresh that takes the place of a full training is one; one after it waits as what it is', async () => {
    const gated = gatedWorker()
    const queue = createJobQueue(gated.worker, systemClock)
    const running = runningJob(queue)
    queue.add(work('lists', 10))
    await running
    queue.add(work('lists', 20))
    const full = queue.add({ ...work('lists', 21), mode: 'refresh' })
    assert.equal(queue.job(full.id).mode, undefined)
    const other = queue.add({ ...work('other', 1), mode: 'refresh' })
    const later = queue.add({ ...work('other', 2), mode: 'refresh' })
    assert.equal((await queue.wait(other.id)).state, 'cancelled')
    assert.equal(queue.job(later.id).mode, 'refresh')
    await queue.close()
  })

  it('runs one at a time and a newer set by rule takes the waiting one’s place', async () => {
    const gated = gatedWorker()
    const queue = createJobQueue(gated.worker, systemClock)
    const running = runningJob(queue)
    const first = queue.add(work('like', 10))
    await running
    const replaced = queue.add(work('like', 20))
    const newest = queue.add(work('like', 30))
    assert.equal((await queue.wait(replaced.id)).state, 'cancelled')
    gated.release()
    assert.equal((await queue.wait(first.id)).state, 'succeeded')
    gated.release()
    assert.equal((await queue.wait(newest.id)).state, 'succeeded')
    assert.deepEqual(gated.ran, ['like:10', 'like:30'])
    assert.equal(gated.most(), 1)
    await queue.close()
  })

  it('a newer set keeps the place in the row, so no model waits for ever', async () => {
    const gated = gatedWorker()
    const queue = createJobQueue(gated.worker, systemClock)
    const running = runningJob(queue)
    queue.add(work('like', 10))
    await running
    queue.add(work('segments', 10))
    queue.add(work('like', 20))
    const slow = queue.add(work('segments', 20))
    const last = queue.add(work('like', 30))
    for (let i = 0; i < 3; i += 1) gated.release()
    await Promise.all([queue.wait(slow.id), queue.wait(last.id)])
    assert.deepEqual(gated.ran, ['like:10', 'segments:20', 'like:30'])
    await queue.close()
  })

  it('closes while one job runs and others wait', async () => {
    const gated = gatedWorker()
    const queue = createJobQueue(gated.worker, systemClock)
    const running = runningJob(queue)
    queue.add(work('like', 10))
    await running
    queue.add(work('rating', 10))
    queue.add(work('segments', 10))
    await queue.close()
    assert.deepEqual(
      queue.jobs().map((job) => job.state),
      ['cancelled', 'cancelled', 'cancelled'],
    )
  })

  it('sets by hand all run, in order', async () => {
    const gated = gatedWorker()
    const queue = createJobQueue(gated.worker, systemClock)
    const jobs = [1, 2, 3].map((part) => queue.add(work('like', part * 10, 3)))
    for (const job of jobs) {
      gated.release()
      await queue.wait(job.id)
    }
    assert.deepEqual(gated.ran, ['like:10', 'like:20', 'like:30'])
    await queue.close()
  })

  it('cancels a waiting and a running job; a failure does not stop the queue', async () => {
    const failing: Worker = async (one, signal) => {
      if (one.model === 'bad') throw Object.assign(new Error('no'), { code: 'TRAINING_CRASHED' })
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('aborted'))),
      )
      return { state: 'succeeded' }
    }
    const queue = createJobQueue(failing, systemClock)
    const bad = await queue.wait(queue.add(work('bad', 1)).id)
    assert.deepEqual([bad.state, bad.error?.code], ['failed', 'TRAINING_CRASHED'])
    const running = queue.add(work('a', 1))
    const waiting = queue.add(work('b', 1))
    await queue.cancel(waiting.id)
    await queue.cancel(running.id)
    assert.deepEqual(
      [queue.job(running.id).state, queue.job(waiting.id).state],
      ['cancelled', 'cancelled'],
    )
    assert.throws(() => queue.job('x'), { code: 'TRAINING_UNKNOWN_JOB' })
    await queue.close()
  })
})
