/** An ensemble of trees as facts and tensors, and back with every walk checked. */
import { z } from 'zod'
import { readFacts, readTensor } from '../artifact-reader.ts'
import { modelError } from '../errors.ts'
import type { Artifact } from '../model.ts'
import { SUBSET_BYTES, type TreeEnsemble } from './tree-ensemble.ts'

const treeFacts = z.looseObject({
  features: z.array(z.string()),
  categories: z.array(z.strictObject({ name: z.string(), levels: z.array(z.string()) })),
  base: z.number(),
})

/** The ensemble as facts and tensors; `readEnsemble` is the inverse. */
export function writeEnsemble(ensemble: TreeEnsemble): Pick<Artifact, 'facts' | 'tensors'> {
  const { inputs, base, starts, subsets, ...perNode } = ensemble
  const nodes = Object.fromEntries(
    Object.entries(perNode).map(([name, data]) => [name, { shape: [data.length], data }]),
  )
  const bins = Object.fromEntries(
    inputs.categories.map(({ name, binOf }) => [
      `bin/${name}`,
      { shape: [binOf.length], data: binOf },
    ]),
  )
  return {
    facts: {
      features: inputs.features,
      categories: inputs.categories.map(({ name, levels }) => ({ name, levels })),
      base,
    },
    tensors: {
      ...nodes,
      ...bins,
      starts: { shape: [starts.length], data: starts },
      subsets: { shape: [subsets.length / SUBSET_BYTES, SUBSET_BYTES], data: subsets },
    },
  }
}

/** Throws MODEL_ARTIFACT_INVALID, also when a row could leave the tree or walk in it for ever. */
export function readEnsemble(artifact: Artifact): TreeEnsemble {
  const facts = readFacts(artifact, treeFacts)
  const lengthOf = (name: string): number => artifact.tensors[name]?.shape[0] ?? 0
  const size = [lengthOf('column')]
  const ints = (name: string): Int32Array => readTensor(artifact, name, Int32Array, size)
  const doubles = (name: string): Float64Array => readTensor(artifact, name, Float64Array, size)
  const subsetCount = lengthOf('subsets')
  const ensemble: TreeEnsemble = {
    inputs: {
      features: facts.features,
      categories: facts.categories.map(({ name, levels }) => ({
        name,
        levels,
        binOf: readTensor(artifact, `bin/${name}`, Int32Array, [levels.length]),
      })),
    },
    base: facts.base,
    starts: readTensor(artifact, 'starts', Int32Array, [lengthOf('starts')]),
    column: ints('column'),
    threshold: doubles('threshold'),
    missingLeft: readTensor(artifact, 'missingLeft', Uint8Array, size),
    left: ints('left'),
    subset: ints('subset'),
    subsets: readTensor(artifact, 'subsets', Uint8Array, [subsetCount, SUBSET_BYTES]),
    value: doubles('value'),
    cover: ints('cover'),
    gain: doubles('gain'),
  }
  checkTrees(ensemble, subsetCount, artifact.kind)
  return ensemble
}

/** Children come after their parent and inside their tree, so every walk ends in a leaf. */
function checkTrees(ensemble: TreeEnsemble, subsetCount: number, kind: string): void {
  const { inputs, starts, column, left, subset } = ensemble
  const features = inputs.features.length
  const width = features + inputs.categories.length
  const isWhole = starts[0] === 0 && starts.at(-1) === column.length
  const isBinOk = inputs.categories.every(({ binOf }) =>
    binOf.every((bin) => bin >= 0 && bin < SUBSET_BYTES * 8),
  )
  let isOk = isWhole && isBinOk && ensemble.cover.every((rows) => rows > 0)
  for (let t = 0; isOk && t + 1 < starts.length; t++) {
    const end = starts[t + 1]!
    isOk &&= end > starts[t]!
    for (let at = starts[t]!; isOk && at < end; at++) {
      const j = column[at]!
      if (j === -1) continue
      const isSubsetOk = j < features ? subset[at] === -1 : subset[at]! >= 0
      isOk =
        j >= 0 &&
        j < width &&
        isSubsetOk &&
        subset[at]! < subsetCount &&
        left[at]! > at &&
        left[at]! + 1 < end
    }
  }
  if (!isOk) {
    throw modelError(
      'MODEL_ARTIFACT_INVALID',
      `the trees of the ${kind} artifact are not well-formed: train the version again`,
    )
  }
}
