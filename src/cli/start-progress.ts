/** How far a starting app is: one line that is redrawn on a terminal, a line every few seconds elsewhere. */
import type { RunningApp } from '../app/index.ts'
import type { Output } from './output.ts'

const LIVE_MS = 500
const LINE_MS = 5_000

export interface Progress {
  stop(): void
}

export function showProgress(app: RunningApp, output: Output): Progress {
  let cancel: (() => void) | undefined
  let last = ''
  const tick = (): void => {
    const text = progressText(app)
    if (output.isLive) output.live(text)
    // A line that says nothing new only hides the others.
    else if (text !== last) output.note(text)
    last = text
    cancel = app.clock.after(output.isLive ? LIVE_MS : LINE_MS, tick)
  }
  tick()
  return {
    stop() {
      cancel?.()
      output.liveDone()
    },
  }
}

/** Short enough for a terminal of 80 columns: `ratings 21,037/100,000 1,959/s · 21 batches · like@2 rating@1`. */
export function progressText(app: RunningApp): string {
  const replays = app.ingest.replays()
  const active = replays.filter(({ state }) => state !== 'done')
  const sources = active.map(({ topic, position, total, ratePerSecond, state, error }) => {
    const of = total === undefined ? '' : `/${count.format(total)}`
    const how =
      state === 'running' ? `${count.format(Math.round(ratePerSecond))}/s` : (error ?? state)
    return `${topic} ${count.format(position)}${of} ${how}`
  })
  if (replays.length > 0 && active.length === 0) sources.push('all sources are in')
  const batches = [...app.sinks.values()].reduce((sum, sink) => sum + sink.batches().length, 0)
  const models = [...app.models.keys()].map((name) => {
    const live = app.serving.live().find(({ model }) => model === name)
    return live ? `${name}@${live.version}` : `${name} -`
  })
  const jobs = app.trainer.jobs().filter(({ state }) => state === 'running')
  const training = jobs.map(
    ({ model, progress }) => `training ${model} ${Math.round(progress * 100)}%`,
  )
  return [...sources, `${batches} batches`, models.join(' '), ...training]
    .filter((part) => part !== '')
    .join(' · ')
}

const count = new Intl.NumberFormat('en-US')
