/** Apps that share a cluster: their own topics and groups do not meet, users' topics do. And what one copy cannot promise. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { z } from 'zod'
import { openLog, type Log } from '../../src/log/index.ts'
import { defineApp, startApp, topic, type RunningApp } from '../../src/index.ts'
import { until } from '../e2e/instance.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'

let cluster: KafkaCluster
let root: string
let url: string
/** The cluster as it is, without an app's view of it. */
let plain: Log
const apps: RunningApp[] = []

beforeAll(async () => {
  cluster = await startKafka()
  url = `kafka://${cluster.bootstrap}`
  root = await mkdtemp(join(tmpdir(), 'millrace-two-apps-'))
  plain = await openLog({ dir: root, url, env: {} })
})
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop()
})
afterAll(async () => {
  await plain.close()
  await cluster.close()
  await rm(root, { recursive: true, force: true })
})

const define = (name: string, topicName = 'clicks') =>
  defineApp({
    name,
    topics: {
      [topicName]: topic({ schema: z.object({ page: z.int() }), batch: { rows: 10 } }),
    },
  })

async function start(name: string, log = url, topicName = 'clicks'): Promise<RunningApp> {
  const app = await startApp(define(name, topicName), { dataDir: join(root, name), log })
  apps.push(app)
  return app
}

const ownTopics = async (): Promise<string[]> =>
  (await plain.topics()).map(({ name }) => name).filter((name) => name.startsWith('__millrace-'))

const committed = (app: RunningApp): number =>
  (app.sinks.get('clicks')?.batches() ?? []).filter(({ state }) => state === 'committed').length

describe('two apps on one cluster', () => {
  it('B4, P2: read the same topic, each into a lake of its own', async () => {
    const [shop, blog] = [await start('shop'), await start('blog')]
    for (let page = 0; page < 20; page++) await shop.routes.publish('clicks', { page })
    for (const app of [shop, blog]) {
      await until('both have every row', () => (committed(app) === 2 ? true : undefined))
      const { rows } = await app.query.run('select count(*), count(distinct page) from clicks')
      assert.deepEqual(rows, [[20, 20]])
      const groups = (await app.log.groups()).map(({ group }) => group)
      assert.deepEqual(groups, ['__millrace-sink-clicks', '__millrace-sink-predictions'])
    }
    const own = await ownTopics()
    for (const name of ['shop', 'blog']) {
      assert.ok(own.includes(`__millrace-${name}.batches`), own.join())
    }
    assert.ok(
      own.every((name) => /^__millrace-(shop|blog)\./.test(name)),
      own.join(),
    )
  })

  it('P1: are told what a cluster of one broker cannot promise', async () => {
    const app = await start('shop')
    const [warning] = app.warnings()
    assert.match(warning ?? '', /may be lost with one broker: clicks \(1 copy, 1 in sync\)/)
    const [ingest] = await app.readiness('ingest')
    assert.deepEqual([ingest?.ready, ingest?.warnings], [true, [warning]])
  })

  it('keep the names that their folder began with', async () => {
    const folder = join(root, 'old', 'log')
    await mkdir(folder, { recursive: true })
    // As folders were before apps had names of their own on a cluster.
    await writeFile(join(root, 'old', 'FORMAT'), 'millrace-data 1\n')
    await writeFile(join(folder, 'cluster'), `${url}\n`)
    await start('old', url, 'others')
    assert.ok((await ownTopics()).includes('__millrace-batches'))
    assert.equal(await readFile(join(folder, 'cluster'), 'utf8'), `${url}\napplication.id=\n`)

    await start('named', `${url}?application.id=Team-7`, 'named')
    assert.ok((await ownTopics()).includes('__millrace-Team-7.batches'))
    for (const app of apps.splice(0)) await app.stop()
    await assert.rejects(start('named', `${url}?application.id=other`, 'named'), {
      code: 'APP_DATA_FOLDER',
      message: /began with application\.id "Team-7", not "other"/,
    })
    await start('named', url, 'named')
  })
})
