/** R5: every way in which a stored artifact can rot, is found and named; what is put back heals it. */
import assert from 'node:assert/strict'
import { copyFile, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../core/index.ts'
import { audit, fill, sampleArtifact, type RegistryBench } from './registry-samples.ts'
import type { Registry } from './registry.ts'

type Rot = readonly [name: string, run: (bench: RegistryBench) => Promise<void>]

const FILES = ['COMPLETE', 'model.json', 'tensors.safetensors'] as const
type Damage = (path: string, folder: string) => Promise<void>

const damages: Readonly<Record<string, Damage>> = {
  'a flipped bit': async (path) => {
    const bytes = await readFile(path)
    const at = bytes.length >> 1
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await writeFile(path, bytes)
  },
  'a cut file': async (path) => truncate(path, 5),
  'an empty file': async (path) => truncate(path, 0),
  // Sparse: the file claims 10 GiB; nothing of that size may be allocated.
  'a file of 10 GiB': async (path) => truncate(path, 10 * 2 ** 30),
  'a missing file': async (path) => rm(path),
  'the file of another version': async (path) => copyFile(path.replace('v000001', 'v000002'), path),
  'a link in place of a file': async (path) => {
    await rm(path)
    await symlink(path.replace('v000001', 'v000002'), path)
  },
}

export const rotChecks: readonly Rot[] = [
  ...Object.entries(damages).map(([name, damage]): Rot => [
    `${name} is found and named, in every file`,
    async (bench) => {
      const registry = await bench.open()
      await fill(registry, 'like', 2)
      assert.deepEqual((await readdir(join(bench.dir, 'like/v000001'))).toSorted(), FILES)
      for (const file of FILES) await rots(bench, registry, file, damage)
    },
  ]),
  [
    'a file that does not belong there is found and named',
    async (bench) => {
      const registry = await bench.open()
      await fill(registry, 'like', 2)
      await rots(bench, registry, 'evil.js', (path) => writeFile(path, 'process.exit()'))
    },
  ],
  [
    'the whole folder of another version is refused',
    async (bench) => {
      const registry = await bench.open()
      await fill(registry, 'like', 2)
      await rots(bench, registry, 'COMPLETE', async (_, folder) => {
        for (const file of FILES) {
          await copyFile(join(folder.replace('v000001', 'v000002'), file), join(folder, file))
        }
      })
    },
  ],
  [
    'a roll-back passes over a damaged champion and says so',
    async (bench) => {
      const registry = await bench.open()
      await fill(registry, 'like', 3)
      for (const version of [1, 2, 3]) await registry.promote('like', version, audit)
      await truncate(join(bench.dir, 'like/v000002/model.json'), 1)
      const entry = await registry.rollback('like', audit)
      assert.equal(entry.version, 1)
      assert.match(entry.reason, /passed over damaged 2: .*model\.json/)
    },
  ],
]

async function rots(
  bench: RegistryBench,
  registry: Registry,
  file: string,
  damage: Damage,
): Promise<void> {
  const folder = join(bench.dir, 'like/v000001')
  await damage(join(folder, file), folder)
  const isNamed = (error: unknown): boolean =>
    error instanceof MillraceError &&
    error.code === 'REGISTRY_CORRUPT' &&
    error.details['file'] === file &&
    error.message.includes(file)
  await assert.rejects(registry.readArtifact('like', 1), isNamed)
  await assert.rejects(registry.promote('like', 1, audit), isNamed)
  await assert.rejects(registry.restore('like', 1, sampleArtifact(2)), {
    code: 'REGISTRY_DIGEST_MISMATCH',
  })
  await registry.restore('like', 1, sampleArtifact(1))
  assert.deepEqual(await registry.readArtifact('like', 1), sampleArtifact(1))
}
