/**
 * The whole loop under `kill -9`: P1 (acknowledged is durable), P2 and P3 (the lake holds each record once, in order),
 * P5 (no manual step), P9 (the ledger adds up), P10 (replay gives the same files and models).
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { createRandom } from '../../src/kernels/index.ts'
import { getJson, postJson, startInstance, until, type Instance } from './instance.ts'
import { anomaliesOf, readLake } from './lake-reader.ts'
import { ratings, toNdjson, type Rating } from './ratings.ts'

const ROUNDS = Number(process.env['MILLRACE_STORM_ROUNDS'] ?? 6)
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)

const BAD_LINE = '{"userId":1,"rating":"five"}\n'

interface Ledger {
  readonly received: number
  readonly inLake: number
  readonly inFlight: number
  readonly rejected: number
  readonly deadLettered: number
  readonly difference: number
}

/** What the client was told, kept outside the tree under test. */
interface Acknowledged {
  readonly offset: number
  readonly row: Rating
}

describe('kill -9', () => {
  let dataDir: string
  let instance: Instance | undefined

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
  })
  afterEach(async () => {
    await instance?.kill()
    await rm(dataDir, { recursive: true, force: true })
  })

  /**
   * Sends bodies of 1 to 100 events, some with a bad one, until the server is gone; every acknowledged event goes into the
   * journal. Answers how many bad ones it sent and how many of them an answer named.
   */
  async function sendUntilKilled(
    url: string,
    journal: Acknowledged[],
    nextRow: () => Rating,
    random: { int(below: number): number },
  ): Promise<{ sent: number; named: number }> {
    const bad = { sent: 0, named: 0 }
    for (;;) {
      const rows = Array.from({ length: 1 + random.int(100) }, nextRow)
      const hasBad = random.int(5) === 0
      bad.sent += Number(hasBad)
      try {
        const answer = await fetch(`${url}/v1/topics/ratings/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: (hasBad ? BAD_LINE : '') + toNdjson(rows),
        })
        const result = (await answer.json()) as {
          accepted: number
          rejectedCount: number
          offsets: { first: number; last: number }[]
        }
        if (answer.status !== 202) continue
        const offsets = result.offsets.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        )
        assert.equal(offsets.length, rows.length)
        bad.named += result.rejectedCount
        for (const [index, row] of rows.entries())
          journal.push({ offset: offsets[index] ?? -1, row })
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        return bad
      }
    }
  }

  it(`P1, P2, P3, P5, P9: ${ROUNDS} rounds over the whole loop (seed ${SEED}): nothing lost, nothing double, no manual step`, async () => {
    const random = createRandom(SEED)
    const journal: Acknowledged[] = []
    let position = 0
    const nextRow = (): Rating => {
      position += 1
      const [row] = ratings({ seed: SEED + position, from: position, count: 1 })
      assert.ok(row)
      return row
    }
    const recoveries: number[] = []
    const bad = { sent: 0, named: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = performance.now()
      instance = await startInstance({ dataDir })
      assert.equal((await ledgerOf(instance)).difference, 0, `the ledger in round ${round}`)
      recoveries.push(Math.round(performance.now() - began))
      const clients = [1, 2, 3, 4].map((client) =>
        sendUntilKilled(
          instance?.url ?? '',
          journal,
          nextRow,
          createRandom(SEED + round * 10 + client),
        ),
      )
      await new Promise((resolve) => {
        setTimeout(resolve, 200 + random.int(1_300))
      })
      await instance.kill()
      for (const { sent, named } of await Promise.all(clients)) {
        bad.sent += sent
        bad.named += named
      }
      assert.deepEqual(anomaliesOf(await readLake(dataDir, 'ratings')), [], `after round ${round}`)
    }
    instance = await startInstance({ dataDir })
    await postJson(instance.url, '/v1/flush', {})
    const { url } = instance
    const end =
      (await getJson<{ partitions: { end: number }[] }>(url, '/v1/topics/ratings')).partitions[0]
        ?.end ?? 0
    await until('the lake has everything', async () => {
      const files = await readLake(dataDir, 'ratings')
      return files.reduce((sum, file) => sum + file.rows.length, 0) === end ? true : undefined
    })
    const ledger = await ledgerOf(instance)
    assert.deepEqual([ledger.difference, ledger.inLake, ledger.inFlight], [0, end, 0])
    assert.ok(
      bad.named <= ledger.rejected && ledger.rejected <= bad.sent,
      `${ledger.rejected} refused events are counted, ${bad.sent} were sent and ${bad.named} named`,
    )
    assert.equal(ledger.received, end + ledger.rejected)
    const files = await readLake(dataDir, 'ratings')
    assert.deepEqual(anomaliesOf(files), [])
    const stored = new Map(
      files.flatMap((file) => file.rows.map((row) => [Number(row['_offset']), row])),
    )
    assert.equal(stored.size, end)
    const lost = journal.filter(({ offset, row }) => {
      const found = stored.get(offset)
      return (
        Number(found?.['timestamp']) !== row.timestamp ||
        Number(found?.['userId']) !== row.userId ||
        found?.['rating'] !== row.rating
      )
    })
    assert.deepEqual(lost, [])
    assert.ok(journal.length > ROUNDS * 100, `${journal.length} events were acknowledged`)
    assert.ok(Math.max(...recoveries) < 15_000, `recoveries took ${recoveries.join(', ')} ms`)
  }, 180_000)

  const ledgerOf = ({ url }: Instance): Promise<Ledger> =>
    getJson<Ledger>(url, '/v1/topics/ratings/ledger')

  it('P10: without lake and artifacts the log brings back the same files and the same models', async () => {
    instance = await startInstance({ dataDir })
    const rows = ratings({ seed: 5, from: 0, count: 2_300 })
    await fetch(`${instance.url}/v1/topics/ratings/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: toNdjson(rows),
    })
    interface Model {
      readonly name: string
      readonly live?: { readonly version: number; readonly digest: string }
    }
    const live = async (): Promise<string[] | undefined> => {
      const { models } = await getJson<{ models: Model[] }>(instance?.url ?? '', '/v1/models')
      const digests = models.map(
        (model) => model.live && `${model.name}@${model.live.version} ${model.live.digest}`,
      )
      return digests.length === 3 && digests.every((one) => one !== undefined) ? digests : undefined
    }
    await until('three models serve', live)
    await until('jobs are done', async () => {
      const { jobs } = await getJson<{ jobs: { state: string }[] }>(instance?.url ?? '', '/v1/jobs')
      return jobs.every((job) => !['queued', 'running'].includes(job.state)) ? true : undefined
    })
    assert.equal(await instance.stop(), 0, instance.output())
    const filesBefore = (await readLake(dataDir, 'ratings')).map(
      ({ name, sha256 }) => `${name} ${sha256}`,
    )
    instance = await startInstance({ dataDir })
    const modelsBefore = await until('three models serve', live)
    assert.equal(await instance.stop(), 0, instance.output())

    await rm(join(dataDir, 'lake'), { recursive: true })
    await rm(join(dataDir, 'registry'), { recursive: true })
    instance = await startInstance({ dataDir })
    assert.deepEqual(await until('three models serve again', live), modelsBefore)
    const filesAfter = (await readLake(dataDir, 'ratings')).map(
      ({ name, sha256 }) => `${name} ${sha256}`,
    )
    assert.deepEqual(filesAfter, filesBefore)
  }, 120_000)
})
