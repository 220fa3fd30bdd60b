/**
 * A process of the crash test: fills a registry, then ends itself by SIGKILL at one durable step of a registration or a
 * promotion. `node crash-child.js <folder> <step> [<numbers in the artifact of the last version>]`
 */
import { join } from 'node:path'
import { silentLogger, systemClock } from '../core/index.ts'
import { openLog } from '../log/index.ts'
import { openRegistry } from './open-registry.ts'
import { audit, fill, sampleArtifact, sampleDraft } from './registry-samples.ts'

const [root = '', step = '', numbers = '6'] = process.argv.slice(2)
let isArmed = false
const log = await openLog({ dir: join(root, 'log'), clock: systemClock, logger: silentLogger })
const registry = await openRegistry({
  dir: join(root, 'registry'),
  log,
  clock: systemClock,
  logger: silentLogger,
  failpoint(reached) {
    if (!isArmed || reached !== step) return
    process.kill(process.pid, 'SIGKILL')
    for (;;); // nothing runs after the signal
  },
})
await fill(registry, 'like', 2)
await registry.promote('like', 1, audit)
isArmed = true
await registry.register(sampleDraft('like'), sampleArtifact(3, Number(numbers)), 3)
await registry.promote('like', 2, audit)
