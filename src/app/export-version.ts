/** A version's model as files for other programs. */
import { createHash } from 'node:crypto'
import { ARTIFACT_FILES, encodeArtifact, exportOnnx } from '../models/index.ts'
import type { ModelVersion, Registry } from '../registry/index.ts'

/** The artifact's own files, and the same model in the ONNX format, written when it is asked for. */
export const exportFiles = [...ARTIFACT_FILES, 'model.onnx'] as const
export type ExportFile = (typeof exportFiles)[number]

export interface ExportedFile {
  readonly name: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** The files that the digest of the version covers. Throws REGISTRY_CORRUPT, REGISTRY_ARTIFACT_MISSING. */
export async function listArtifact(
  registry: Registry,
  { model, version }: ModelVersion,
): Promise<ExportedFile[]> {
  const { files } = encodeArtifact(await registry.readArtifact(model, version))
  return Array.from(files, ([name, bytes]) => ({
    name,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }))
}

/** One file. Throws as `listArtifact`, and MODEL_EXPORT_UNSUPPORTED for a kind that ONNX is not written for. */
export async function exportVersion(
  registry: Registry,
  { model, version, lineage }: ModelVersion,
  file: ExportFile,
): Promise<Uint8Array> {
  const artifact = await registry.readArtifact(model, version)
  if (file === 'model.onnx') {
    const range = rangeOf(lineage.spec['range'])
    return exportOnnx(artifact, { reference: `${model}@${version}`, ...(range && { range }) })
  }
  const bytes = encodeArtifact(artifact).files.get(file)
  if (!bytes) throw new TypeError(`an artifact has no ${file}`)
  return bytes
}

/** The lineage is what a topic held, so its parts are looked at. */
function rangeOf(range: unknown): readonly [number, number] | undefined {
  if (!Array.isArray(range) || range.length !== 2) return undefined
  const [low, high] = range as readonly unknown[]
  return typeof low === 'number' && typeof high === 'number' ? [low, high] : undefined
}
