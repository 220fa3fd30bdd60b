/** How `load` of a kind takes an artifact apart: every part is checked, every fault is MODEL_ARTIFACT_INVALID. */
import type { z } from 'zod'
import { issuesOf, quote } from '../core/index.ts'
import { modelError } from './errors.ts'
import type { Artifact, TaskName, Tensor } from './model.ts'

/** Throws unless the artifact is of this kind and of a format that this code knows. */
export function checkArtifact(
  artifact: Artifact,
  kind: { readonly name: string; readonly task: TaskName },
  format: number,
): void {
  if (artifact.kind !== kind.name || artifact.task !== kind.task) {
    throw modelError(
      'MODEL_ARTIFACT_INVALID',
      `the artifact is of kind ${quote(artifact.kind)}, not ${quote(kind.name)}: load it with its own kind`,
    )
  }
  if (artifact.format > format || artifact.format < 1) {
    throw modelError(
      'MODEL_ARTIFACT_INVALID',
      `the artifact has format ${artifact.format}, this version of Millrace reads up to ${format}: update Millrace`,
    )
  }
}

/** The facts by a schema. */
export function readFacts<Facts>(artifact: Artifact, schema: z.ZodType<Facts>): Facts {
  const parsed = schema.safeParse(artifact.facts)
  if (parsed.success) return parsed.data
  const issues = issuesOf(parsed.error, '/facts')
  throw modelError(
    'MODEL_ARTIFACT_INVALID',
    `the facts of the ${artifact.kind} artifact are wrong at ${issues[0]?.path ?? ''}: train the version again`,
    { details: { issues } },
  )
}

type TensorData = Tensor['data']

/** The values of one tensor: of this type and shape, all finite. Not a copy. */
export function readTensor<Data extends TensorData>(
  artifact: Artifact,
  name: string,
  type: new (length: number) => Data,
  shape: readonly number[],
): Data {
  const tensor = Object.hasOwn(artifact.tensors, name) ? artifact.tensors[name] : undefined
  if (!tensor) throw wrong(artifact, name, 'is missing')
  const { data } = tensor
  if (!(data instanceof type)) throw wrong(artifact, name, `is not a ${type.name}`)
  const size = shape.reduce((product, length) => product * length, 1)
  if (tensor.shape.join() !== shape.join() || data.length !== size) {
    throw wrong(artifact, name, `has shape [${tensor.shape.join()}], not [${shape.join()}]`)
  }
  if (!isFinite(data)) throw wrong(artifact, name, 'has a value that is not finite')
  return data
}

export const isFinite = (data: TensorData): boolean =>
  data instanceof Float64Array || data instanceof Float32Array
    ? data.every((value) => Number.isFinite(value))
    : true

const wrong = (artifact: Artifact, name: string, problem: string): Error =>
  modelError(
    'MODEL_ARTIFACT_INVALID',
    `tensor ${quote(name)} of the ${artifact.kind} artifact ${problem}: train the version again`,
  )
