/**
 * The `k` largest of `scores`, as indices: descending score, ties by ascending index; NaN never. Fewer when there are
 * fewer. A heap of k with the worst on top: n log k, no sort of the whole.
 */
export function topK(scores: ArrayLike<number>, k: number): Int32Array {
  const heap: number[] = []
  const worse = (a: number, b: number): boolean => {
    const difference = (scores[a] ?? 0) - (scores[b] ?? 0)
    return difference < 0 || (difference === 0 && a > b)
  }
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) continue
    if (heap.length < k) {
      heap.push(i)
      siftUp(heap, worse)
    } else if (heap.length > 0 && worse(heap[0] ?? 0, i)) {
      heap[0] = i
      siftDown(heap, worse)
    }
  }
  heap.sort((a, b) => (worse(a, b) ? 1 : -1))
  return Int32Array.from(heap)
}

type Worse = (a: number, b: number) => boolean

function siftUp(heap: number[], worse: Worse): void {
  let at = heap.length - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!worse(heap[at] ?? 0, heap[parent] ?? 0)) return
    swap(heap, at, parent)
    at = parent
  }
}

function siftDown(heap: number[], worse: Worse): void {
  let at = 0
  for (;;) {
    let least = at
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && worse(heap[child] ?? 0, heap[least] ?? 0)) least = child
    }
    if (least === at) return
    swap(heap, at, least)
    at = least
  }
}

function swap(heap: number[], i: number, j: number): void {
  const held = heap[i] ?? 0
  heap[i] = heap[j] ?? 0
  heap[j] = held
}
