/** S3: the example streaming-ml from an empty folder. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { streamingMlJourney } from './streaming-ml-journey.ts'

describe('examples/streaming-ml', () => {
  let dataDir = ''
  // Hooks run from the last to the first: the instance ends before its folder goes.
  afterAll(() => rm(dataDir, { recursive: true, force: true }))
  streamingMlJourney(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-streaming-ml-'))
    return { dataDir }
  })
})
