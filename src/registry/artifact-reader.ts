/** Reads a version's folder and trusts nothing in it: names, sizes and digests are checked before a byte is decoded. */
import { createHash, type Hash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { isMillraceError } from '../core/index.ts'
import { ARTIFACT_FILES } from '../models/index.ts'
import { registryError } from './errors.ts'

/** Written last; lists the files with size and SHA-256. */
export const MARKER = 'COMPLETE'
/** A marker lists two files; far more than this is none of ours. */
const MARKER_BYTES_MAX = 64 * 1024
/** Hashed in pieces, so that a large model does not hold the event loop: 1 MiB takes about 1 ms. */
const PIECE_BYTES = 1024 * 1024

const marker = z.object({
  format: z.literal(1),
  digest: z.string(),
  files: z
    .array(z.object({ name: z.enum(ARTIFACT_FILES), bytes: z.int().min(0), sha256: z.string() }))
    .length(ARTIFACT_FILES.length),
})
export type Marker = z.infer<typeof marker>

/** What the version's record says its artifact must be. */
export interface ExpectedArtifact {
  readonly model: string
  readonly version: number
  readonly digest: string
  readonly bytes: number
}

/** Every file's bytes by name. Throws REGISTRY_CORRUPT, which names the file, and REGISTRY_ARTIFACT_MISSING. */
export async function readVerified(
  folder: string,
  expected: ExpectedArtifact,
): Promise<Map<string, Uint8Array>> {
  const corrupt = corruptOf(folder, expected)
  try {
    for (const path of [dirname(folder), folder]) {
      if (!(await lstat(path)).isDirectory()) throw corrupt(path, 'is not a folder')
    }
    const files = await readMarker(folder, expected, corrupt)
    await checkListing(folder, files, corrupt)
    const content = new Map<string, Uint8Array>()
    const whole = createHash('sha256')
    let wrong: string | undefined
    for (const file of files) {
      const path = join(folder, file.name)
      const own = createHash('sha256')
      content.set(file.name, await readHashed(path, file.bytes, [own, whole]))
      if (own.digest('hex') !== file.sha256) wrong ??= path
    }
    const isWhole = whole.digest('hex') === expected.digest
    if (wrong !== undefined && !isWhole) throw corrupt(wrong, 'does not match its SHA-256')
    if (wrong !== undefined || !isWhole) {
      throw corrupt(join(folder, MARKER), 'lists other files than those that were registered')
    }
    return content
  } catch (error) {
    if (isMillraceError(error)) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' && !existsSync(folder)) {
      throw registryError(
        'REGISTRY_ARTIFACT_MISSING',
        `the artifact of ${expected.model}@${expected.version} is gone (${folder}): run "millrace models reproduce ${expected.model}@${expected.version}" to train it again from its lineage`,
        { details: { model: expected.model, version: expected.version } },
      )
    }
    const path = (error as NodeJS.ErrnoException).path ?? folder
    throw corrupt(path, `cannot be read (${code ?? String(error)})`, error)
  }
}

type Corrupt = (path: string, what: string, cause?: unknown) => Error

const corruptOf =
  (folder: string, { model, version }: ExpectedArtifact): Corrupt =>
  (path, what, cause) =>
    registryError(
      'REGISTRY_CORRUPT',
      `${path} of ${model}@${version} ${what}: run "millrace models reproduce ${model}@${version}" to train it again, and check the disk`,
      { details: { model, version, file: path.slice(folder.length + 1) || '.' }, cause },
    )

async function readMarker(
  folder: string,
  expected: ExpectedArtifact,
  corrupt: Corrupt,
): Promise<Marker['files']> {
  const path = join(folder, MARKER)
  const info = await lstat(path)
  if (!info.isFile() || info.size > MARKER_BYTES_MAX) throw corrupt(path, 'is not a marker file')
  const bytes = await readHashed(path, info.size, [])
  let parsed: Marker
  try {
    parsed = marker.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (cause) {
    throw corrupt(path, 'is not the list of files that it should be', cause)
  }
  if (parsed.digest !== expected.digest) {
    throw corrupt(path, "has another digest than the version's record")
  }
  const total = parsed.files.reduce((sum, file) => sum + file.bytes, 0)
  if (total !== expected.bytes) {
    throw corrupt(path, `lists ${total} instead of ${expected.bytes} bytes`)
  }
  return parsed.files
}

/** Exactly the listed files, each of the listed size: nothing is allocated for a file that is not as it was written. */
async function checkListing(
  folder: string,
  files: Marker['files'],
  corrupt: Corrupt,
): Promise<void> {
  const listed = new Set<string>([MARKER, ...files.map(({ name }) => name)])
  for (const name of await readdir(folder)) {
    if (!listed.has(name)) throw corrupt(join(folder, name), 'does not belong to the version')
  }
  for (const file of files) {
    const path = join(folder, file.name)
    const info = await lstat(path).catch((cause: unknown) => {
      throw corrupt(path, 'is missing', cause)
    })
    if (!info.isFile()) throw corrupt(path, 'is not a plain file')
    if (info.size !== file.bytes) {
      throw corrupt(path, `has ${info.size} bytes instead of ${file.bytes}`)
    }
  }
}

async function readHashed(
  path: string,
  size: number,
  hashes: readonly Hash[],
): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const bytes = new Uint8Array(size)
    let at = 0
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, Math.min(PIECE_BYTES, size - at), at)
      if (bytesRead === 0) break
      for (const hash of hashes) hash.update(bytes.subarray(at, at + bytesRead))
      at += bytesRead
    }
    return bytes.subarray(0, at)
  } finally {
    await file.close()
  }
}
