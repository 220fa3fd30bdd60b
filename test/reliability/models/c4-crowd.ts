/**
 * C4: four publishers, two that promote and roll back (one of them as another process would), and one that moves aliases and
 * takes folders of versions away, used ones and others, and puts them back: all at once, in an order that the seed draws.
 * Numbers are unique and ascend, what is promoted can be read, and the history explains every champion. A round is a version.
 */
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMillraceError, silentLogger, systemClock } from '../../../src/core/index.ts'
import { createRandom, type Random } from '../../../src/kernels/index.ts'
import { openLog } from '../../../src/log/index.ts'
import { openRegistry, type Registry } from '../../../src/registry/index.ts'
import { audit, sampleArtifact, sampleDraft } from '../../../src/registry/registry-samples.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'

const MODELS = ['like', 'rating'] as const
const PUBLISHERS = 4
const PROMOTERS = 2
/** What a call may be refused with: the crowd was quicker, or the folder is gone just now. */
const EXPECTED = [
  'REGISTRY_UNKNOWN_MODEL', 'REGISTRY_UNKNOWN_ALIAS', 'REGISTRY_NOTHING_TO_ROLL_BACK', 'REGISTRY_ARTIFACT_MISSING',
  'REGISTRY_CONFLICT', 'REGISTRY_REJECTED_VERSION',
] // prettier-ignore

export const crowd: Soak = async ({ seed, rounds = 400 }) => {
  const began = performance.now()
  const findings = createFindings()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-c4-'))
  const parts = { clock: systemClock, logger: silentLogger }
  const log = await openLog({ dir: join(dir, 'log'), ...parts })
  const folder = join(dir, 'registry')
  const open = (role: 'owner' | 'follower'): Promise<Registry> =>
    openRegistry({ dir: folder, log, role, ...parts })
  const owner = await open('owner')
  const follower = await open('follower')
  const registered = new Map<string, number[]>(MODELS.map((model) => [model, []]))
  let refused = 0
  const state = { left: rounds }
  const member = async (number: number, act: (random: Random) => Promise<void>): Promise<void> => {
    const random = createRandom(seed * 100 + number)
    while (state.left > 0) {
      await findings.attempt(`member ${number}`, async () => {
        try {
          await act(random)
        } catch (error) {
          if (!EXPECTED.some((code) => isMillraceError(error, code))) throw error
          refused += 1
        }
      })
      await new Promise(setImmediate)
    }
  }
  const modelOf = (random: Random): (typeof MODELS)[number] => MODELS[random.int(MODELS.length)]!
  const publish = async (random: Random): Promise<void> => {
    const model = modelOf(random)
    const status = random.int(4) === 0 ? 'rejected' : 'accepted'
    const value = random.int(1_000)
    const { version } = await owner.register(sampleDraft(model, status), sampleArtifact(value), 0)
    registered.get(model)!.push(version)
    state.left -= 1
  }
  const promote = async (random: Random): Promise<void> => {
    const model = modelOf(random)
    if (random.int(4) === 0) await follower.rollback(model, audit)
    else await owner.promote(model, 1 + random.int(owner.versions(model).length || 1), audit)
    const champion = owner.version(model, 'champion')
    await owner.readArtifact(model, champion.version)
  }
  const mislay = async (random: Random): Promise<void> => {
    const model = modelOf(random)
    const version = 1 + random.int(owner.versions(model).length || 1)
    const artifact = await owner.readArtifact(model, version)
    if (random.int(2) === 0) await owner.setAlias(model, 'challenger', version, audit)
    else await owner.removeAlias(model, 'challenger', audit)
    const name = `v${String(version).padStart(6, '0')}`
    await rename(join(folder, model, name), join(dir, `gone-${random.int(2 ** 31)}`))
    await owner.restore(model, version, artifact)
  }
  try {
    await Promise.all([
      ...Array.from({ length: PUBLISHERS }, (_, number) => member(number, publish)),
      ...Array.from({ length: PROMOTERS }, (_, number) => member(10 + number, promote)),
      member(20, mislay),
    ])
    await findings.attempt('at the end', async () => {
      await follower.close()
      await owner.close()
      const again = await open('owner')
      for (const model of MODELS) assertSound(again, model, registered.get(model)!)
      await again.close()
    })
  } finally {
    await log.close()
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const versions = [...registered.values()].reduce((sum, own) => sum + own.length, 0)
  const facts = { id: 'C4', promise: 'P12', seed, rounds, acknowledged: versions }
  return { ...facts, anomalies, worst, seconds, more: { refused } }
}

/** Numbers from 1 without a gap, each once; the history leads to the champion, version by version. */
function assertSound(registry: Registry, model: string, registered: readonly number[]): void {
  const sorted = registered.toSorted((a, b) => a - b)
  if (sorted.some((version, at) => version !== at + 1))
    throw new Anomaly('duplicate', `${model} got the numbers ${sorted.join(' ')}`)
  const versions = registry.versions(model).map(({ version }) => version)
  if (versions.join() !== sorted.join())
    throw new Anomaly('lost', `${model} has ${versions.join(' ')} of ${sorted.join(' ')}`)
  let champion: number | undefined
  for (const { action, version, previous } of registry.history(model)) {
    if (action !== 'promoted' && action !== 'rolled-back') continue
    if (previous !== champion)
      throw new Anomaly('gap', `${model}: ${version} follows ${previous}, ${champion} served`)
    champion = version
    if (registry.version(model, version).status === 'rejected')
      throw new Anomaly('changed', `${model}@${version} was rejected and serves`)
  }
  const { champion: now } = registry.models().find(({ name }) => name === model) ?? {}
  if (now !== champion) throw new Anomaly('changed', `${model}: ${now} serves, not ${champion}`)
}
