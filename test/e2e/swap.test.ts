/**
 * Models change under load: P12 (one version whole), P13 (no failed request), P14 (a worse version is not promoted).
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { getJson, postJson, startInstance, until, type Instance } from './instance.ts'
import { ratings, sendRatings } from './ratings.ts'

interface Version {
  readonly version: number
  readonly status: string
  readonly gate: { readonly reason: string }
  readonly digest: string
}

const RATE_PER_SECOND = 200
const PAIR = { userId: 3, movieId: 4 }

describe('swaps under load', () => {
  let dataDir: string
  let instance: Instance
  let sent = 0

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-swap-'))
    instance = await startInstance({ dataDir })
  })
  afterAll(async () => {
    await instance.kill()
    await rm(dataDir, { recursive: true, force: true })
  })

  /** Two batches of 500: the rule trains once. Resolves to the new version. */
  async function trainOnce(flipped = false): Promise<Version> {
    const before = await versions()
    await sendRatings(instance.url, ratings({ seed: sent + 1, from: sent, count: 1_000, flipped }))
    sent += 1_000
    return until('one more version of like', async () => (await versions())[before.length])
  }
  const versions = async (): Promise<readonly Version[]> => {
    const answer = await fetch(`${instance.url}/v1/models/like/versions`)
    if (answer.status === 404) return []
    return ((await answer.json()) as { versions: Version[] }).versions.toSorted(
      (a, b) => a.version - b.version,
    )
  }

  it(`S4.9, P12, P13, trap 16: ${RATE_PER_SECOND} predictions a second through three swaps: no error, and version and digest agree`, async () => {
    await trainOnce()
    await until('like serves', async () =>
      (await getJson<{ live: object | null }>(instance.url, '/v1/models/like')).live === null
        ? undefined
        : true,
    )
    const failures: string[] = []
    const seen = new Map<number, Set<string>>()
    const pending = new Set<Promise<void>>()
    const ask = async (): Promise<void> => {
      try {
        const answer = await postJson<{ version: number; digest: string; detail?: string }>(
          instance.url,
          '/v1/models/like/predict',
          PAIR,
        )
        if (answer.status !== 200) failures.push(`${answer.status} ${answer.body.detail}`)
        else if (answer.headers.get('x-model-version') !== `like@${answer.body.version}`)
          failures.push('header and body name different versions')
        else
          seen.set(
            answer.body.version,
            (seen.get(answer.body.version) ?? new Set()).add(answer.body.digest),
          )
      } catch (error) {
        failures.push(String(error))
      }
    }
    const timer = setInterval(() => {
      const one = ask().finally(() => pending.delete(one))
      pending.add(one)
    }, 1_000 / RATE_PER_SECOND)
    try {
      for (let swap = 0; swap < 3; swap += 1) {
        const { version, status, gate } = await trainOnce()
        assert.equal(status, 'accepted', gate.reason)
        await until(`version ${version} answers`, () => (seen.has(version) ? true : undefined))
      }
    } finally {
      clearInterval(timer)
      await Promise.all(pending)
    }
    assert.deepEqual(failures, [])
    const all = await versions()
    for (const [version, digests] of seen) {
      assert.deepEqual([...digests], [all.find((one) => one.version === version)?.digest])
    }
    assert.ok(seen.size >= 4, `${seen.size} versions answered`)
  }, 90_000)

  it('S4.10, P14: ratings turned around: the version is rejected with its figures and the old one goes on', async () => {
    const before = await postJson<{ version: number }>(
      instance.url,
      '/v1/models/like/predict',
      PAIR,
    )
    const poisoned = await trainOnce(true)
    assert.equal(poisoned.status, 'rejected')
    assert.match(poisoned.gate.reason, /0\.\d+/)
    const after = await postJson<{ version: number }>(instance.url, '/v1/models/like/predict', PAIR)
    assert.equal(after.body.version, before.body.version)
    const refused = await postJson<{ code: string }>(instance.url, '/v1/models/like/promote', {
      version: poisoned.version,
    })
    assert.equal(refused.body.code, 'REGISTRY_REJECTED_VERSION')
  })

  it('rolls back in one step, and the history says who, when and why', async () => {
    const before = await postJson<{ version: number }>(
      instance.url,
      '/v1/models/like/predict',
      PAIR,
    )
    const rolled = await postJson<object>(instance.url, '/v1/models/like/rollback', {
      reason: 'trying it out',
    })
    assert.equal(rolled.status, 200)
    const version = await until('the version before answers', async () => {
      const answer = await postJson<{ version: number }>(
        instance.url,
        '/v1/models/like/predict',
        PAIR,
      )
      return answer.body.version === before.body.version ? undefined : answer.body.version
    })
    assert.ok(version < before.body.version)
    const { entries } = await getJson<{ entries: { action: string; reason: string }[] }>(
      instance.url,
      '/v1/models/like/history',
    )
    assert.ok(
      entries.some(
        (entry) => entry.action === 'rolled-back' && entry.reason.includes('trying it out'),
      ),
    )
  })
})
