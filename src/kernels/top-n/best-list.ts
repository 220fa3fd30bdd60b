/** The `limit` best of what is offered: descending score, ties by ascending row. A heap with the worst on top. */
export interface BestList {
  /** What an offer must reach to have a chance: −∞ until the list is full. */
  readonly least: number
  /** NaN never gets in. */
  offer(row: number, score: number): void
  /** Best first. The list is used up. */
  take(): { readonly rows: Int32Array; readonly scores: Float64Array }
}

export function createBestList(limit: number): BestList {
  const rows: number[] = []
  const scores: number[] = []
  const isWorse = (a: number, b: number): boolean =>
    scores[a]! < scores[b]! || (scores[a] === scores[b] && rows[a]! > rows[b]!)
  const swap = (a: number, b: number): void => {
    ;[rows[a], rows[b]] = [rows[b]!, rows[a]!]
    ;[scores[a], scores[b]] = [scores[b]!, scores[a]!]
  }
  const sink = (size: number): void => {
    for (let at = 0; ;) {
      let worst = at
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < size && isWorse(child, worst)) worst = child
      if (worst === at) return
      swap(at, worst)
      at = worst
    }
  }
  const rise = (): void => {
    for (let at = rows.length - 1; at > 0;) {
      const parent = (at - 1) >> 1
      if (!isWorse(at, parent)) return
      swap(at, parent)
      at = parent
    }
  }
  return {
    get least() {
      return rows.length < limit ? -Infinity : limit === 0 ? Infinity : scores[0]!
    },
    offer(row, score) {
      if (Number.isNaN(score) || limit === 0) return
      if (rows.length < limit) {
        rows.push(row)
        scores.push(score)
        rise()
        return
      }
      if (score < scores[0]! || (score === scores[0] && row > rows[0]!)) return
      rows[0] = row
      scores[0] = score
      sink(limit)
    },
    take() {
      for (let size = rows.length - 1; size > 0; size--) {
        swap(0, size)
        sink(size)
      }
      return { rows: Int32Array.from(rows), scores: Float64Array.from(scores) }
    },
  }
}
