/** Trees as one `TreeEnsemble` of ai.onnx.ml 5: rows of features and of the bins of levels go in, the score comes out. */
import { SUBSET_BYTES, type TreeEnsemble } from '../trees/tree-ensemble.ts'
import type { OnnxBuilder } from './onnx-writer.ts'
import { FEATURES, levelValues, missingFeatures } from './row-inputs.ts'

const BRANCH_LEQ = 0
const BRANCH_MEMBER = 6

/** The score of `scoreRows`: n × 1. The ensemble has at least one input. */
export function treeScore(graph: OnnxBuilder, ensemble: TreeEnsemble): string {
  const { features, categories } = ensemble.inputs
  const parts = categories.map((category) =>
    levelValues(
      graph,
      category,
      Float64Array.from(category.binOf, (bin) => bin || Number.NaN),
      Number.NaN,
    ),
  )
  if (features.length > 0) {
    const missing = missingFeatures(graph)
    parts.unshift(graph.node('Where', [missing, graph.scalar(Number.NaN), FEATURES]))
  }
  const rows = parts.length === 1 ? parts[0]! : graph.node('Concat', parts, { axis: 1 })
  const sum = graph.node('TreeEnsemble', [rows], treeAttributes(ensemble), 'ai.onnx.ml')
  return graph.node('Add', [sum, graph.scalar(ensemble.base)])
}

/** Splits and leaves are numbered apart; a tree that is one leaf becomes a split with that leaf on both sides. */
function treeAttributes(ensemble: TreeEnsemble) {
  const { starts, column, left } = ensemble
  const splits: { at: number; children: [number, number] }[] = []
  const splitOf = new Map<number, number>()
  const leafOf = new Map<number, number>()
  const weights: number[] = []
  const roots: number[] = []
  for (let t = 0; t + 1 < starts.length; t++) {
    roots.push(splits.length)
    for (let at = starts[t]!; at < starts[t + 1]!; at++) {
      if (column[at]! < 0) {
        leafOf.set(at, weights.length)
        weights.push(ensemble.value[at]!)
        if (at !== starts[t]) continue
      }
      splitOf.set(at, splits.length)
      const isLeaf = column[at]! < 0
      splits.push({ at, children: isLeaf ? [at, at] : [left[at]!, left[at]! + 1] })
    }
  }
  const child = (side: 0 | 1): number[] =>
    splits.map(({ children }) => leafOf.get(children[side]) ?? splitOf.get(children[side]) ?? 0)
  const isLeaf = (side: 0 | 1): number[] =>
    splits.map(({ children }) => (leafOf.has(children[side]) ? 1 : 0))
  const doubles = (data: number[]) =>
    ({ type: 'double', shape: [data.length], data: Float64Array.from(data) }) as const
  const members = splits.flatMap(({ at }) => membersOf(ensemble, at))
  return {
    n_targets: 1,
    // Sum, and nothing done to it.
    aggregate_function: 1,
    post_transform: 0,
    tree_roots: roots,
    nodes_featureids: splits.map(({ at }) => Math.max(0, column[at]!)),
    nodes_splits: doubles(splits.map(({ at }) => ensemble.threshold[at]!)),
    nodes_modes: {
      type: 'uint8',
      shape: [splits.length],
      data: Uint8Array.from(splits, ({ at }) =>
        ensemble.subset[at]! < 0 ? BRANCH_LEQ : BRANCH_MEMBER,
      ),
    } as const,
    nodes_missing_value_tracks_true: splits.map(({ at }) => ensemble.missingLeft[at]!),
    nodes_truenodeids: child(0),
    nodes_trueleafs: isLeaf(0),
    nodes_falsenodeids: child(1),
    nodes_falseleafs: isLeaf(1),
    leaf_targetids: weights.map(() => 0),
    leaf_weights: doubles(weights),
    ...(members.length > 0 && { membership_values: doubles(members) }),
  }
}

/** The bins that go left at a split by a category, and the NaN that ends each list. */
function membersOf({ subset, subsets }: TreeEnsemble, at: number): number[] {
  const start = subset[at]! * SUBSET_BYTES
  if (start < 0) return []
  const bins = Array.from({ length: SUBSET_BYTES * 8 }, (_, bin) => bin)
  return [
    ...bins.filter((bin) => ((subsets[start + (bin >> 3)]! >> (bin & 7)) & 1) === 1),
    Number.NaN,
  ]
}
