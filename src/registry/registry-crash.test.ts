import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compiledEntry, silentLogger, systemClock } from '../core/index.ts'
import { openLog } from '../log/index.ts'
import { openRegistry, REGISTRY_STEPS } from './index.ts'
import { readPointers } from './promotion-publisher.ts'

const recorded = REGISTRY_STEPS.indexOf('version-recorded')
const promoted = REGISTRY_STEPS.indexOf('change-recorded')

for (const [index, step] of REGISTRY_STEPS.entries()) {
  test(`a process that is killed after ${step} leaves the state before or after`, async () => {
    const root = await mkdtemp(join(tmpdir(), 'millrace-registry-crash-'))
    const child = compiledEntry(import.meta.url, 'crash-child.js')
    const ended = spawnSync(process.execPath, [child, root, step], { encoding: 'utf8' })
    expect(`${ended.signal} ${ended.stderr}`).toBe('SIGKILL ')

    const log = await openLog({ dir: join(root, 'log'), clock: systemClock, logger: silentLogger })
    const dir = join(root, 'registry')
    const registry = await openRegistry({ dir, log, clock: systemClock, logger: silentLogger })
    expect(registry.versions('like')).toHaveLength(index < recorded ? 2 : 3)
    expect(registry.models()[0]?.champion).toBe(index < promoted ? 1 : 2)
    expect(registry.missing()).toEqual([])
    for (const { version } of registry.versions('like')) {
      expect((await registry.readArtifact('like', version)).facts['value']).toBe(version)
    }
    const pointers = await readPointers(log)
    expect(pointers.get('like/champion')?.version).toBe(index < promoted ? 1 : 2)
    await registry.close()
    await log.close()
    await rm(root, { recursive: true })
  })
}
