/** An app with one regressor whose versions are made by hand: version v answers v, so that an answer says whose it is. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { buildServer, listen } from '../../../src/api/index.ts'
import { defineApp, regressor, startApp, topic, type RunningApp } from '../../../src/app/index.ts'
import { audit, constantRegressor, draft } from '../../../src/serving/serving-samples.ts'

const app = defineApp({
  name: 'versions',
  topics: { ratings: topic({ schema: z.object({ userId: z.int(), rating: z.number() }) }) },
  models: {
    rating: regressor({ label: 'rating', kind: 'mean', categories: ['userId'] }),
  },
})

export interface VersionsWorld {
  readonly url: string
  readonly running: RunningApp
  /** Stores the next version, which answers its number, and makes it the champion. */
  publish(): Promise<number>
  close(): Promise<void>
}

/** On `dataDir`, which stays, or on a temporary folder. */
export async function openVersions(dataDir?: string): Promise<VersionsWorld> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'millrace-versions-')))
  const running = await startApp(app, { dataDir: folder, training: false })
  const server = buildServer(running)
  const url = await listen(server, { port: 0 })
  const { registry } = running
  return {
    url,
    running,
    async publish() {
      const next = (registry.models()[0]?.versions ?? 0) + 1
      const artifact = await constantRegressor(next)
      const { version } = await registry.register(draft('rating', artifact), artifact, 0)
      await registry.promote('rating', version, audit)
      return version
    },
    async close() {
      await server.close()
      await running.stop()
      if (dataDir === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

interface RatingAnswer {
  readonly version: number
  readonly digest: string
  readonly predictions: readonly { readonly value: number }[]
}

/** Asks once; what is wrong with the answer in words, and the version that gave it. */
export async function askRating({
  url,
  running,
}: VersionsWorld): Promise<{ readonly version: number; readonly wrong?: string }> {
  const answer = await fetch(`${url}/v1/models/rating/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"userId":1}',
  })
  const text = await answer.text()
  if (answer.status !== 200) return { version: 0, wrong: `${answer.status} ${text}` }
  const { version, digest, predictions } = JSON.parse(text) as RatingAnswer
  const stored = running.registry.version('rating', version)
  const header = answer.headers.get('x-model-version')
  const isOne =
    predictions.length === 1 &&
    predictions[0]?.value === version &&
    header === `rating@${version}` &&
    digest === stored.digest
  return isOne ? { version } : { version, wrong: `${header} answered ${text}` }
}
