/** Names for clusters that a person understands, made from how their centroids differ from the average row. */
import { topK } from '../kernels/index.ts'

/** Below this many deviations from the mean nobody would call a value high or low. */
const NOTABLE = 0.25
const MAX_FEATURES = 4

/**
 * One label per cluster: "high user_count, low user_mean", from the two features that lie farthest from the mean; from up to
 * four where two labels would be the same; "average" where none is notable. `centroids`: count × names.length, standardized.
 */
export function clusterLabels(names: readonly string[], centroids: Float64Array): string[] {
  const columns = names.length
  const count = columns === 0 ? 1 : centroids.length / columns
  const phrases = Array.from({ length: count }, (_, c) =>
    phrasesOf(names, centroids.subarray(c * columns, (c + 1) * columns)),
  )
  const label = (c: number, length: number): string => phrases[c]!.slice(0, length).join(', ')
  return phrases.map((own, c) => {
    if (own.length === 0) return 'average'
    let length = Math.min(2, own.length)
    const isTaken = (): boolean =>
      phrases.some((_, d) => d !== c && label(d, length) === label(c, length))
    while (length < own.length && isTaken()) length += 1
    return label(c, length)
  })
}

function phrasesOf(names: readonly string[], centroid: Float64Array): string[] {
  return Array.from(topK(centroid.map(Math.abs), MAX_FEATURES))
    .filter((j) => Math.abs(centroid[j]!) >= NOTABLE)
    .map((j) => `${centroid[j]! > 0 ? 'high' : 'low'} ${names[j]}`)
}
