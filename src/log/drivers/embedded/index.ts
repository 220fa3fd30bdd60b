/** The driver's entry in the catalog. */
import { newId } from '../../../core/index.ts'
import type { LogDriver } from '../../catalog.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { nodeStorage } from './node-storage.ts'
import { systemProcesses } from './folder/process-table.ts'

export const embeddedDriver: LogDriver = {
  name: 'embedded',
  summary: 'Segment files in a folder of this machine, synced before every acknowledgement',
  open: (options) =>
    openEmbeddedLog({
      ...options,
      storage: nodeStorage,
      processes: systemProcesses(nodeStorage),
      newId: () => newId(options.clock.now()),
    }),
}
