import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger, type LogRecord } from '../core/index.ts'
import { openLog } from '../log/index.ts'
import { createManualClock } from '../testing/index.ts'
import { openRegistry } from './open-registry.ts'
import { PROMOTIONS_TOPIC } from './registry-records.ts'
import { registryConformance } from './registry.conformance.ts'
import { audit, fill, sampleArtifact, sampleDraft, type RegistryBench } from './registry-samples.ts'
import type { Registry } from './registry.ts'

async function createBench(): Promise<RegistryBench> {
  const root = await mkdtemp(join(tmpdir(), 'millrace-registry-'))
  const dir = join(root, 'registry')
  const clock = createManualClock()
  const log = await openLog({ dir: join(root, 'log'), clock, logger: silentLogger })
  const opened: Registry[] = []
  return {
    dir,
    async open(options) {
      const registry = await openRegistry({ dir, log, clock, logger: silentLogger, ...options })
      opened.push(registry)
      return registry
    },
    advance: (ms) => clock.advance(ms),
    now: () => clock.now(),
    async promotions() {
      const records: LogRecord[] = []
      for await (const batch of log.read(PROMOTIONS_TOPIC, 0, 0)) records.push(...batch.records)
      return records
    },
    async close() {
      for (const registry of opened) await registry.close()
      await log.close()
      await rm(root, { recursive: true })
    },
  }
}

for (const { guarantee, name, run } of registryConformance(createBench))
  test(`${guarantee}: ${name}`, run)

test('registrations, gate outcomes and figures are counted', async () => {
  const bench = await createBench()
  const recorded: unknown[] = []
  const metrics = { record: (...sample: unknown[]) => void recorded.push(sample) }
  const registry = await bench.open({ metrics })
  await registry.register(sampleDraft('like'), sampleArtifact(1), 1)
  await registry.register(sampleDraft('like', 'rejected'), sampleArtifact(2), 2)
  expect(recorded).toEqual([
    ['model_versions_total', { model: 'like', outcome: 'accepted' }, 1],
    ['model_metric', { model: 'like', version: 1, metric: 'rmse' }, 0.9],
    ['model_versions_total', { model: 'like', outcome: 'rejected' }, 1],
    ['model_metric', { model: 'like', version: 2, metric: 'rmse' }, 0.9],
  ])
  await bench.close()
})

test('a disk that fails is told as such, and the number is used by the next version', async () => {
  const bench = await createBench()
  const registry = await bench.open()
  await writeFile(join(bench.dir, 'like'), 'in the way')
  const failing = registry.register(sampleDraft('like'), sampleArtifact(1), 1)
  await expect(failing).rejects.toMatchObject({ code: 'REGISTRY_STORAGE_FAILED', status: 503 })
  expect(registry.versions('like')).toEqual([])
  await rm(join(bench.dir, 'like'))
  expect((await registry.register(sampleDraft('like'), sampleArtifact(1), 1)).version).toBe(1)
  await bench.close()
})

test('folders of another log are set aside, never removed', async () => {
  const [mine, other] = [await createBench(), await createBench()]
  await fill(await mine.open(), 'like', 3)
  const strange = await other.open({ dir: mine.dir })
  expect(strange.models()).toEqual([])
  const left = (await readdir(join(mine.dir, 'like'))).toSorted()
  expect(left).toEqual([1, 2, 3].map((version) => `.unrecorded-v00000${version}`))
  await mine.close()
  await other.close()
})

test('after close nothing can change, and what was under way is finished', async () => {
  const bench = await createBench()
  const registry = await bench.open()
  const registering = registry.register(sampleDraft('like'), sampleArtifact(1), 1)
  await registry.close()
  expect((await registering).version).toBe(1)
  await expect(registry.promote('like', 1, audit)).rejects.toMatchObject({
    code: 'REGISTRY_CLOSED',
  })
  await bench.close()
})
