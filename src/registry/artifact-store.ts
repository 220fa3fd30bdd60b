/**
 * Artifacts on disk: `<dir>/<model>/v000007/` with the artifact's files and `COMPLETE`, which lists them with size and
 * SHA-256. A folder is written under a temporary name, every file synced, renamed, and the parent synced: a version folder
 * is whole or absent. Reading trusts nothing: names, sizes and digests are checked before a byte is decoded.
 *
 * ```
 * ratings/v000007/COMPLETE            {"format":1,"digest":"…","files":[{"name":"model.json","bytes":512,"sha256":"…"},…]}
 * ratings/v000007/model.json
 * ratings/v000007/tensors.safetensors
 * ```
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkName } from '../core/index.ts'
import { ARTIFACT_FILES, type EncodedArtifact } from '../models/index.ts'
import { MARKER, readVerified, type ExpectedArtifact, type Marker } from './artifact-reader.ts'

const TEMPORARY = '.tmp-'
const SET_ASIDE = '.unrecorded-'
const FOLDER = /^v(\d{6})$/

export interface ArtifactStore {
  /** Writes and syncs everything under a temporary name, which it returns. */
  stage(model: string, id: string, artifact: EncodedArtifact): Promise<string>
  /** Renames the staged folder to the version's, in place of whatever is there. Not durable before `sync`. */
  publish(model: string, staged: string, version: number): Promise<void>
  sync(model: string): Promise<void>
  has(model: string, version: number): boolean
  /** Every file's bytes, verified. Throws REGISTRY_CORRUPT, REGISTRY_ARTIFACT_MISSING. */
  read(expected: ExpectedArtifact): Promise<ReadonlyMap<string, Uint8Array>>
  /** Removes what a crash left behind; returns a sentence for each thing it touched. `last` is the newest recorded version. */
  sweep(last: (model: string) => number): Promise<readonly string[]>
}

export function openArtifactStore(dir: string): ArtifactStore {
  const modelDir = (model: string): string => join(dir, checkName(model, 'model name'))
  const versionDir = (model: string, version: number): string =>
    join(modelDir(model), `v${String(version).padStart(6, '0')}`)
  return {
    async stage(model, id, artifact) {
      const parent = modelDir(model)
      if ((await mkdir(parent, { recursive: true })) !== undefined) await syncFolder(dir)
      const staged = join(parent, `${TEMPORARY}${id}`)
      await mkdir(staged)
      try {
        await fillFolder(staged, artifact)
      } catch (error) {
        // On a full disk, half an artifact must not take the space that is left.
        await rm(staged, { recursive: true, force: true }).catch(() => {})
        throw error
      }
      return staged
    },
    async publish(model, staged, version) {
      const target = versionDir(model, version)
      if (existsSync(target)) {
        const aside = `${staged}-replaced`
        await rename(target, aside)
        await rename(staged, target)
        await rm(aside, { recursive: true, force: true })
      } else await rename(staged, target)
    },
    sync: (model) => syncFolder(modelDir(model)),
    has: (model, version) => existsSync(join(versionDir(model, version), MARKER)),
    read: (expected) => readVerified(versionDir(expected.model, expected.version), expected),
    async sweep(last) {
      const created = await mkdir(dir, { recursive: true })
      if (created !== undefined) await syncFolder(dirname(created))
      const models = (await readdir(dir, { withFileTypes: true })).filter(
        (entry) => entry.isDirectory() && !entry.name.startsWith('.'),
      )
      const notes: string[] = []
      for (const { name } of models) {
        notes.push(...(await sweepModel(join(dir, name), last(name))))
      }
      return notes
    },
  }
}

/**
 * A crash leaves at most temporary folders and one version folder whose record was never written: the number after the
 * last. Any other folder without a record means that folder and log do not belong together; then nothing is removed.
 */
async function sweepModel(folder: string, last: number): Promise<string[]> {
  const names = await readdir(folder)
  const temporary = names.filter((name) => name.startsWith(TEMPORARY))
  const unrecorded = names.filter((name) => Number(FOLDER.exec(name)?.[1] ?? 0) > last)
  const isCrash = unrecorded.every((name) => Number(FOLDER.exec(name)?.[1]) === last + 1)
  const notes: string[] = []
  for (const name of isCrash ? [...temporary, ...unrecorded] : temporary) {
    await rm(join(folder, name), { recursive: true, force: true })
    notes.push(`removed ${join(folder, name)}, which a crash left without a record`)
  }
  for (const name of isCrash ? [] : unrecorded) {
    const aside = join(folder, `${SET_ASIDE}${name}`)
    await rm(aside, { recursive: true, force: true })
    await rename(join(folder, name), aside)
    notes.push(`set aside ${join(folder, name)}, of which the log knows nothing, as ${aside}`)
  }
  if (notes.length > 0) await syncFolder(folder)
  return notes
}

async function fillFolder(folder: string, artifact: EncodedArtifact): Promise<void> {
  const files: Marker['files'] = []
  for (const name of ARTIFACT_FILES) {
    const bytes = artifact.files.get(name) ?? new Uint8Array()
    await writeSynced(join(folder, name), bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    files.push({ name, bytes: bytes.length, sha256 })
  }
  const marker: Marker = { format: 1, digest: artifact.digest, files }
  await writeSynced(join(folder, MARKER), Buffer.from(JSON.stringify(marker)))
  await syncFolder(folder)
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
