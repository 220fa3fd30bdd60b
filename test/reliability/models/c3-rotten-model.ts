/**
 * C3: a stored file of the promoted version is damaged in a way and at a place that the seed draws. The registry refuses it by
 * the name of a file, promotion is refused, and an app that starts on it serves the version before, in memory that a claimed
 * length of 10 GB does not move. A round is one damage.
 */
import { createRandom, type Random } from '../../../src/kernels/index.ts'
import { copyFile, cp, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMillraceError } from '../../../src/core/index.ts'
import { audit } from '../../../src/serving/serving-samples.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { askRating, openVersions } from './world.ts'

const FILES = ['COMPLETE', 'model.json', 'tensors.safetensors'] as const
const CLAIMED_BYTES = 10 * 2 ** 30
/** Beyond what an app takes anyway. */
const MEMORY_BYTES = 512 * 2 ** 20

type Damage = (version: string, file: string, random: Random) => Promise<void>

/** `version`: the folder of version 2; version 1 is beside it. */
export const DAMAGES: Readonly<Record<string, Damage>> = {
  async flip(version, file, random) {
    const bytes = await readFile(join(version, file))
    const at = random.int(bytes.length)
    bytes[at] = bytes[at]! ^ (1 << random.int(8))
    await writeFile(join(version, file), bytes)
  },
  async cut(version, file, random) {
    const { length } = await readFile(join(version, file))
    await truncate(join(version, file), random.int(length))
  },
  remove: (version, file) => rm(join(version, file)),
  async extra(version, file) {
    await copyFile(join(version, file), join(version, `${file}.bak`))
  },
  'of another version': (version, file) => {
    // What a constant answers lies in its model.json; the tensors of all are the same bytes.
    const other = file === 'tensors.safetensors' ? 'model.json' : file
    return copyFile(join(version.replace('v000002', 'v000001'), other), join(version, other))
  },
  '10 GB': (version, file) => truncate(join(version, file), CLAIMED_BYTES),
  async link(version, file) {
    await rm(join(version, file))
    await symlink(join(version.replace('v000002', 'v000001'), file), join(version, file))
  },
  'no folder': (version) => rm(version, { recursive: true }),
}

export const rottenModel: Soak = async ({ seed, rounds = 100 }) => {
  const began = performance.now()
  const findings = createFindings()
  const random = createRandom(seed)
  const dir = await mkdtemp(join(tmpdir(), 'millrace-c3-'))
  const told: Record<string, number> = {}
  try {
    await prepare(join(dir, 'whole'))
    const names = Object.keys(DAMAGES)
    for (let round = 0; round < rounds; round++) {
      const name = names[round % names.length]!
      const file = FILES[Math.floor(round / names.length) % FILES.length]!
      const data = join(dir, 'rotten')
      await cp(join(dir, 'whole'), data, { recursive: true, verbatimSymlinks: true })
      await findings.attempt(`${name} of ${file}`, async () => {
        await DAMAGES[name]!(join(data, 'registry/rating/v000002'), file, random)
        await assertRefused(data)
        told[name] = (told[name] ?? 0) + 1
      })
      await rm(data, { recursive: true, force: true })
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'C3', promise: 'P6 P12', seed, rounds, acknowledged: 0 }
  return { ...facts, anomalies, worst, seconds, more: { told } }
}

async function prepare(dir: string): Promise<void> {
  const world = await openVersions(dir)
  await world.publish()
  await world.publish()
  await world.close()
}

async function assertRefused(dir: string): Promise<void> {
  const before = process.memoryUsage.rss()
  const world = await openVersions(dir)
  try {
    const { registry, serving } = world.running
    await serving.settled()
    const isNamed = (error: unknown): boolean =>
      isMillraceError(error, 'REGISTRY_CORRUPT') ||
      isMillraceError(error, 'REGISTRY_ARTIFACT_MISSING')
    await refusal('a damaged version was read', registry.readArtifact('rating', 2), isNamed)
    await registry.promote('rating', 1, audit)
    await refusal('a damaged version was promoted', registry.promote('rating', 2, audit), isNamed)
    const { version, wrong } = await askRating(world)
    if (version !== 1) throw new Anomaly('changed', wrong ?? `version ${version} answers`)
    const grown = process.memoryUsage.rss() - before
    if (grown > MEMORY_BYTES) throw new Anomaly('stuck', `it took ${grown} bytes`)
  } finally {
    await world.close()
  }
}

async function refusal(
  what: string,
  call: Promise<unknown>,
  isExpected: (error: unknown) => boolean,
): Promise<void> {
  try {
    await call
  } catch (error) {
    if (isExpected(error)) return
    throw error
  }
  throw new Anomaly('changed', what)
}
