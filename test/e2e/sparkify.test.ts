/** S2: the example sparkify from an empty folder, as a reader starts it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { sparkifyJourney } from './sparkify-journey.ts'

describe('examples/sparkify', () => {
  let folder = ''
  // Hooks run from the last to the first: the instance ends before its folder goes.
  afterAll(() => rm(folder, { recursive: true, force: true }))
  sparkifyJourney(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-sparkify-'))
    return { dataDir: join(folder, 'data') }
  })
})
