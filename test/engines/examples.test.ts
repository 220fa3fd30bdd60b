/** The examples' journeys with their events on Apache Kafka: the same app, the same results. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { assertInTime, firstResult } from '../e2e/first-results.ts'
import { gameEventsJourney, type JourneyWorld } from '../e2e/game-events-journey.ts'
import { sparkifyJourney } from '../e2e/sparkify-journey.ts'
import { streamingMlJourney } from '../e2e/streaming-ml-journey.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'

const JOURNEYS = {
  'game-events': gameEventsJourney,
  sparkify: sparkifyJourney,
  'streaming-ml': streamingMlJourney,
} as const

describe.each(Object.entries(JOURNEYS))('examples/%s on Apache Kafka', (name, journey) => {
  let cluster: KafkaCluster
  let folder: string
  beforeAll(async () => {
    cluster = await startKafka()
    folder = await mkdtemp(join(tmpdir(), `millrace-${name}-kafka-`))
  })
  // Hooks run from the last to the first: the instance ends before its cluster does.
  afterAll(async () => {
    await cluster.close()
    await rm(folder, { recursive: true, force: true })
  })
  journey(async (): Promise<JourneyWorld> => ({
    dataDir: join(folder, 'data'),
    kafka: cluster.bootstrap,
  }))
})

describe('from an empty folder, on Apache Kafka', () => {
  let cluster: KafkaCluster
  let folder: string
  beforeAll(async () => {
    cluster = await startKafka()
    folder = await mkdtemp(join(tmpdir(), 'millrace-first-kafka-'))
  })
  afterAll(async () => {
    await cluster.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(['lastfm', 'movielens'])('%s gives its main result within a minute', async (name) => {
    const world = { dataDir: join(folder, name), kafka: cluster.bootstrap }
    const seconds = await firstResult(name, world)
    assertInTime(name, seconds)
  })
})
