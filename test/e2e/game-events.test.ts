/** S1: the example game-events from an empty folder, as a reader starts it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { gameEventsJourney } from './game-events-journey.ts'

describe('examples/game-events', () => {
  let dataDir = ''
  // Hooks run from the last to the first: the instance ends before its folder goes.
  afterAll(() => rm(dataDir, { recursive: true, force: true }))
  gameEventsJourney(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-game-events-'))
    return { dataDir }
  })
})
