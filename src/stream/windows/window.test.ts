/** The embedded engine of windows, on the embedded log. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { openLog } from '../../log/index.ts'
import { createManualClock } from '../../testing/index.ts'
import { openWindow } from './open-window.ts'
import { windowConformance, type WindowPlace } from './window.conformance.ts'
import { SOURCE_COLUMNS } from './window-world.conformance.ts'

const FROM = 'messages'
const TO = 'word-sums'

async function makePlace(): Promise<WindowPlace> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-windows-'))
  const clock = createManualClock()
  return {
    clock,
    async open(spec, seam) {
      const log = await openLog({ dir, clock })
      await log.createTopic({ name: FROM, partitions: 2 })
      await log.createTopic({ name: TO })
      const stream = await openWindow({
        log,
        name: 'words',
        from: FROM,
        to: TO,
        spec,
        columns: SOURCE_COLUMNS,
        clock,
        ...(seam && { seam }),
      })
      return {
        log,
        from: FROM,
        to: TO,
        stream,
        abandon: () => log.close(),
        async close() {
          await stream.close()
          await log.close()
        },
      }
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  }
}

for (const check of windowConformance(makePlace)) test(check.name, check.run)
