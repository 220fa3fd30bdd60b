/**
 * C2: a process that publishes a version of 50 MB is killed at each of its durable steps, while this one lists and reads what
 * lies there, again and again. A folder that is listed is whole at every look; opened again, the registry has the state before
 * or after, no alias names what is not there, and the old version is still served where the new one was not promoted. A round
 * is every step once.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { silentLogger, systemClock } from '../../../src/core/index.ts'
import { openLog } from '../../../src/log/index.ts'
import { openRegistry, REGISTRY_STEPS, type RegistryStep } from '../../../src/registry/index.ts'
import { root } from '../../house/sources.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'

const CHILD = join(root, 'dist/registry/crash-child.js')
/** Of the version whose publication is cut off: 50 MB. */
const NUMBERS = 6_250_000

export const publishWalk: Soak = async ({ seed, rounds = 1 }) => {
  const began = performance.now()
  const findings = createFindings()
  let looks = 0
  for (let round = 0; round < rounds; round++) {
    for (const step of REGISTRY_STEPS) {
      const dir = await mkdtemp(join(tmpdir(), 'millrace-c2-'))
      try {
        await findings.attempt(`killed after ${step}`, async () => {
          looks += await killedAt(dir, step)
          await reopen(dir, step)
        })
      } finally {
        await rm(dir, { recursive: true, force: true })
      }
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'C2', promise: 'P5 P12', seed, rounds: rounds * REGISTRY_STEPS.length }
  return { ...facts, acknowledged: 0, anomalies, worst, seconds, more: { looks } }
}

/** Looks into the folder until the child has ended; answers how often. */
async function killedAt(dir: string, step: RegistryStep): Promise<number> {
  const child = spawn(process.execPath, [CHILD, dir, step, String(NUMBERS)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const exited = once(child, 'exit')
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  let looks = 0
  while (isRunning()) {
    await assertWholeFolders(join(dir, 'registry/like'))
    looks += 1
  }
  await exited
  if (child.signalCode !== 'SIGKILL') {
    throw new Error(`the publisher ended with ${child.exitCode ?? child.signalCode}: ${stderr}`)
  }
  await assertWholeFolders(join(dir, 'registry/like'))
  return looks + 1
}

interface Marker {
  readonly files: readonly {
    readonly name: string
    readonly bytes: number
    readonly sha256: string
  }[]
}

/** As a reader that knows only the documented layout: a folder `v000003` has its marker, and what the marker lists. */
async function assertWholeFolders(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((one) => /^v\d{6}$/.test(one))) {
    try {
      const text = await readFile(join(folder, name, 'COMPLETE'), 'utf8')
      for (const file of (JSON.parse(text) as Marker).files) {
        const bytes = await readFile(join(folder, name, file.name))
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        if (bytes.length !== file.bytes || sha256 !== file.sha256)
          throw new Anomaly('torn', `${name}/${file.name} is not what its marker lists`)
      }
    } catch (error) {
      throw error instanceof Anomaly ? error : new Anomaly('torn', `${name}: ${String(error)}`)
    }
  }
}

async function reopen(dir: string, step: RegistryStep): Promise<void> {
  const reached = REGISTRY_STEPS.indexOf(step)
  const isRecorded = reached >= REGISTRY_STEPS.indexOf('version-recorded')
  const isPromoted = reached >= REGISTRY_STEPS.indexOf('change-recorded')
  const parts = { clock: systemClock, logger: silentLogger }
  const log = await openLog({ dir: join(dir, 'log'), ...parts })
  try {
    const registry = await openRegistry({ dir: join(dir, 'registry'), log, ...parts })
    const versions = registry.versions('like')
    const expected = isRecorded ? 3 : 2
    if (versions.length !== expected)
      throw new Anomaly('lost', `${versions.length} versions in place of ${expected}`)
    const champion = registry.models()[0]?.champion
    if (champion !== (isPromoted ? 2 : 1)) throw new Anomaly('changed', `champion ${champion}`)
    for (const { version } of versions) {
      const { facts } = await registry.readArtifact('like', version)
      if (facts['value'] !== version) throw new Anomaly('changed', `version ${version} is another`)
    }
    await registry.close()
  } finally {
    await log.close()
  }
}
