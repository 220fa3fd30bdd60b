/**
 * A fitted model as two files (design D10), data only:
 *
 *   model.json            manifest: container version, kind, task, kind's format, parameters, facts, and for the tensor
 *                         file its length and SHA-256. Keys sorted, one line, so the same model is the same bytes.
 *   tensors.safetensors   every tensor (`safetensors.ts`)
 *
 * The digest of the artifact is the SHA-256 of both files, one after the other:
 * `cat model.json tensors.safetensors | sha256sum`.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isFinite } from './artifact-reader.ts'
import { modelError } from './errors.ts'
import type { Artifact } from './model.ts'
import { decodeTensors, encodeTensors } from './safetensors.ts'

export const ARTIFACT_FILES = ['model.json', 'tensors.safetensors'] as const
type ArtifactFile = (typeof ARTIFACT_FILES)[number]

/** Version of this container; a kind's own format is beside it. */
const CONTAINER = 1

const manifestSchema = z.strictObject({
  millraceArtifact: z.literal(CONTAINER),
  kind: z.string().min(1).max(64),
  task: z.enum(['classifier', 'regressor', 'clusterer', 'recommender']),
  format: z.int().min(1),
  params: z.record(z.string(), z.unknown()),
  facts: z.record(z.string(), z.unknown()),
  tensors: z.strictObject({ bytes: z.int().min(8), sha256: z.string().length(64) }),
})

export interface EncodedArtifact {
  /** By file name, exactly those of `ARTIFACT_FILES`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** SHA-256, hexadecimal. */
  readonly digest: string
}

/** Throws MODEL_ARTIFACT_INVALID for a number that is not finite: JSON has none, and no model may predict one. */
export function encodeArtifact(artifact: Artifact): EncodedArtifact {
  checkFinite(artifact)
  const tensors = encodeTensors(artifact.tensors)
  const manifest = canonicalJson({
    millraceArtifact: CONTAINER,
    kind: artifact.kind,
    task: artifact.task,
    format: artifact.format,
    params: artifact.params,
    facts: artifact.facts,
    tensors: { bytes: tensors.length, sha256: sha256(tensors) },
  })
  const files = new Map<ArtifactFile, Uint8Array>([
    ['model.json', Buffer.from(`${manifest}\n`)],
    ['tensors.safetensors', tensors],
  ])
  return { files, digest: artifactDigest(files) }
}

/** The digest of an artifact's files as they are. Throws MODEL_ARTIFACT_INVALID when one is missing or too many. */
export function artifactDigest(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const bytes of takeFiles(files)) hash.update(bytes)
  return hash.digest('hex')
}

/** Throws MODEL_ARTIFACT_INVALID for anything that `encodeArtifact` would not have written. */
export function decodeArtifact(files: ReadonlyMap<string, Uint8Array>): Artifact {
  const [manifestBytes, tensorBytes] = takeFiles(files)
  const manifest = readManifest(manifestBytes)
  if (tensorBytes.length !== manifest.tensors.bytes) {
    throw invalid(
      `tensors.safetensors has ${tensorBytes.length} bytes, the manifest says ${manifest.tensors.bytes}`,
    )
  }
  if (sha256(tensorBytes) !== manifest.tensors.sha256) {
    throw invalid('tensors.safetensors differs from the digest in the manifest')
  }
  let tensors: Artifact['tensors']
  try {
    tensors = decodeTensors(tensorBytes)
  } catch (cause) {
    throw invalid(`tensors.safetensors cannot be read: ${(cause as Error).message}`, cause)
  }
  const { kind, task, format, params, facts } = manifest
  const artifact: Artifact = { kind, task, format, params, facts, tensors }
  checkFinite(artifact)
  return artifact
}

function readManifest(bytes: Uint8Array): z.infer<typeof manifestSchema> {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid('model.json is not JSON', cause)
  }
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(`model.json is wrong at /${issue?.path.join('/')}: ${issue?.message}`)
  }
  return parsed.data
}

function takeFiles(files: ReadonlyMap<string, Uint8Array>): [Uint8Array, Uint8Array] {
  const [first, second] = ARTIFACT_FILES.map((name) => files.get(name))
  if (!first || !second || files.size !== ARTIFACT_FILES.length) {
    throw invalid(
      `an artifact is ${ARTIFACT_FILES.join(' and ')}, here are: ${[...files.keys()].join(', ')}`,
    )
  }
  return [first, second]
}

function checkFinite(artifact: Artifact): void {
  for (const [name, { data }] of Object.entries(artifact.tensors)) {
    if (!isFinite(data)) throw invalid(`tensor "${name}" has a value that is not finite`)
  }
}

/** JSON with sorted keys. Throws MODEL_ARTIFACT_INVALID for what JSON cannot hold. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`).join(',')}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw invalid(`${value} cannot be written: a model holds finite numbers only`)
  }
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw invalid(`a ${typeof value} cannot be written`)
  return text
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const invalid = (problem: string, cause?: unknown): Error =>
  modelError('MODEL_ARTIFACT_INVALID', `${problem}: train the version again`, { cause })
