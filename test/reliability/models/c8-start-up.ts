/**
 * C8: an app starts on a registry whose promoted version is broken, each time in another way. It serves the newest version that
 * can, and says so in `/readyz`, in `/metrics` and beside the model. A round is a start.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../../src/kernels/index.ts'
import { getJson } from '../../e2e/instance.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { DAMAGES } from './c3-rotten-model.ts'
import { askRating, openVersions, type VersionsWorld } from './world.ts'

const FILES = ['COMPLETE', 'model.json', 'tensors.safetensors'] as const

export const startUp: Soak = async ({ seed, rounds = 10 }) => {
  const began = performance.now()
  const findings = createFindings()
  const random = createRandom(seed)
  const dir = await mkdtemp(join(tmpdir(), 'millrace-c8-'))
  try {
    const whole = await openVersions(join(dir, 'whole'))
    await whole.publish()
    await whole.publish()
    await whole.close()
    const names = Object.keys(DAMAGES)
    for (let round = 0; round < rounds; round++) {
      const data = join(dir, 'broken')
      await cp(join(dir, 'whole'), data, { recursive: true, verbatimSymlinks: true })
      const [name, file] = [names[round % names.length]!, FILES[random.int(FILES.length)]!]
      await findings.attempt(`a start after ${name} of ${file}`, async () => {
        await DAMAGES[name]!(join(data, 'registry/rating/v000002'), file, random)
        const world = await openVersions(data)
        try {
          await assertTold(world)
        } finally {
          await world.close()
        }
      })
      await rm(data, { recursive: true, force: true })
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  return { id: 'C8', promise: 'P15', seed, rounds, acknowledged: 0, anomalies, worst, seconds }
}

interface Readiness {
  readonly roles: readonly { readonly role: string; readonly warnings: readonly string[] }[]
}

async function assertTold(world: VersionsWorld): Promise<void> {
  await world.running.serving.settled()
  const { version, wrong } = await askRating(world)
  if (version !== 1 || wrong !== undefined)
    throw new Anomaly('changed', wrong ?? `version ${version} answers`)
  const { roles } = await getJson<Readiness>(world.url, '/readyz')
  const warnings = roles.find(({ role }) => role === 'serve')?.warnings.join() ?? ''
  if (!/rating: version 2 is promoted but cannot serve, version 1 serves/.test(warnings))
    throw new Anomaly('phantom', `/readyz says only "${warnings}"`)
  const metrics = await (await fetch(`${world.url}/metrics`)).text()
  for (const line of [
    /model_live_version{model="rating"} 1$/m,
    /model_promoted_version{model="rating"} 2$/m,
  ]) {
    if (!line.test(metrics)) throw new Anomaly('phantom', `/metrics has no ${line.source}`)
  }
  const { problem } = await getJson<{ problem: string | null }>(world.url, '/v1/models/rating')
  if (problem === null) throw new Anomaly('phantom', 'the model has no problem')
}
