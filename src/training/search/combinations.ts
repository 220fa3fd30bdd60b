/** The combinations of a grid, without making them all: a grid of five lists of ten has 100,000. */
import { createRandom } from '../../kernels/index.ts'

export type Params = Readonly<Record<string, unknown>>

export interface Combinations {
  /** Parameters as written, the last one moving fastest. */
  inOrder(): Generator<Params>
  /** Each once, in an order that the seed draws. */
  shuffled(seed: number): Generator<Params>
}

/** Every combination of `space` on top of `params`, but the one that is `params`. */
export function createCombinations(
  params: Params,
  space: Readonly<Record<string, readonly unknown[]>>,
): Combinations {
  const lists = Object.entries(space)
  const count = lists.reduce((product, [, values]) => product * values.length, 1)
  const at = (index: number): Params => {
    const found: Record<string, unknown> = { ...params }
    let rest = index
    for (const [name, values] of lists.toReversed()) {
      found[name] = values[rest % values.length]
      rest = Math.floor(rest / values.length)
    }
    return found
  }
  const declared = textOf(params)
  function* each(indexes: Iterable<number>): Generator<Params> {
    for (const index of indexes) {
      const found = at(index)
      if (textOf(found) !== declared) yield found
    }
  }
  const indexes = (): Int32Array => Int32Array.from({ length: count }, (_, index) => index)
  return {
    inOrder: () => each(indexes()),
    shuffled: (seed) => each(createRandom(seed).shuffle(indexes())),
  }
}

const textOf = (params: Params): string =>
  JSON.stringify(Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1)))
