import type { StatusAnswer } from '../api/index.ts'

type Source = StatusAnswer['sources'][number]

const count = new Intl.NumberFormat('en-US')

/** `ratings: 2,000 of 100,836 events, 1,998/s, running`. */
export function sourceText(source: Source): string {
  const { topic, position, total, ratePerSecond, state, deadLettered, error } = source
  const of = total === undefined ? '' : ` of ${count.format(total)}`
  const rate = state === 'running' ? `, ${count.format(Math.round(ratePerSecond))}/s` : ''
  const dead = deadLettered > 0 ? `, ${count.format(deadLettered)} dead letters` : ''
  const why = error === undefined ? '' : `: ${error}`
  return `${topic}: ${count.format(position)}${of} events${rate}${dead}, ${state}${why}`
}
