/** The known name that a person may have meant: the fewest edits away, if they are few; undefined when none is near. */
export function nearestName(wanted: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((name) => ({ name, edits: name.startsWith(wanted) ? 1 : editDistance(wanted, name) }))
    .toSorted((a, b) => a.edits - b.edits)
  return nearest && nearest.edits <= Math.max(2, wanted.length / 4) ? nearest.name : undefined
}

/** Levenshtein's distance: fewest insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced))
    }
    row = next
  }
  return row[b.length]!
}
