/** The suite of `registry.ts`: R1–R6, free of any test runner. */
import { checksOn, type ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { rotChecks } from './registry-rot.conformance.ts'
import {
  audit,
  code,
  fill,
  sampleArtifact,
  sampleDraft,
  type RegistryBench,
} from './registry-samples.ts'
import type { Registry } from './registry.ts'
import { REGISTRY_STEPS, type RegistryStep } from './entry-writer.ts'

export function registryConformance(create: () => Promise<RegistryBench>): ConformanceCheck[] {
  const check = checksOn(create)
  return [
    check('R1', 'whatever is listed can be read, at every moment', wholeAlways),
    check('R1', 'a version comes back as it was handed over', roundTrip),
    check('R2', 'concurrent registrations get 1, 2, 3, … per model', numbersAscend),
    check('R3', 'an alias is never set to what cannot serve', aliasesAreSound),
    check('R4', 'history says who, when and why, and what served when', historyTellsAll),
    check('R4', 'a roll-back goes to the champion before, again to the one before that', rollsBack),
    check('R4', 'a change by another process is followed', otherProcess),
    check('R4', 'the compacted topic says what every alias names', compactedTopic),
    ...rotChecks.map(([name, run]) => check('R5', name, run)),
    ...REGISTRY_STEPS.map((step) =>
      check('R6', `a crash after ${step} leaves the state before or after`, (bench) =>
        crashAt(bench, step),
      ),
    ),
  ]
}

async function wholeAlways(bench: RegistryBench): Promise<void> {
  const follower = await bench.open({ role: 'follower' })
  const listed: number[] = []
  const owner = await bench.open({
    failpoint: () => void listed.push(follower.versions('like').length),
  })
  const stop = new AbortController()
  const reading = (async () => {
    while (!stop.signal.aborted) {
      for (const { model, version } of follower.versions('like')) {
        const { facts } = await follower.readArtifact(model, version)
        assert.equal(facts['value'], version)
      }
      await new Promise(setImmediate)
    }
  })()
  await fill(owner, 'like', 10)
  stop.abort()
  await reading
  assert.deepEqual(listed.slice(0, 3), [0, 0, 0], 'not listed before its record')
  assert.equal(follower.versions('like').length, 10)
}

async function roundTrip(bench: RegistryBench): Promise<void> {
  const registry = await bench.open()
  const draft = sampleDraft('rating', 'rejected')
  const files = Array.from({ length: 9_000 }, (_, index) => ({
    name: `ratings-0-${index}.parquet`,
    sha256: index.toString(16).padStart(64, '0'),
  }))
  const large = { ...draft, lineage: { ...draft.lineage, files } } // longer than a record may be
  const registered = await registry.register(large, sampleArtifact(5), 86_400_000)
  assert.equal(registered.createdAt, '1970-01-02T00:00:00.000Z')
  await registry.close()
  const reopened = await bench.open()
  assert.deepEqual(reopened.version('rating', 1), registered)
  const { version, createdAt, digest, bytes, ...rest } = registered
  assert.deepEqual(rest, large)
  assert.match(digest, /^[0-9a-f]{64}$/)
  assert.ok(version === 1 && bytes > 0 && createdAt.length > 0)
  assert.deepEqual(await reopened.readArtifact('rating', 1), sampleArtifact(5))
  assert.equal(reopened.history('rating')[0]?.action, 'rejected')
  assert.equal(reopened.version('rating', '1').version, 1)
  const notFinite = { ...draft, durationMs: Number.NaN }
  await assert.rejects(
    reopened.register(notFinite, sampleArtifact(1), 0),
    code('CORE_INVALID_INPUT'),
  )
  const traversal = { ...draft, model: '../rating' }
  await assert.rejects(
    reopened.register(traversal, sampleArtifact(1), 0),
    code('CORE_INVALID_NAME'),
  )
  assert.throws(() => reopened.version('rating', 2), code('REGISTRY_UNKNOWN_VERSION'))
  assert.throws(() => reopened.version('rating', 'champion'), code('REGISTRY_UNKNOWN_ALIAS'))
  assert.throws(() => reopened.version('../../etc', 1), code('REGISTRY_UNKNOWN_MODEL'))
}

async function numbersAscend(bench: RegistryBench): Promise<void> {
  const registry = await bench.open()
  const one = Array.from({ length: 12 }, (_, index) =>
    registry.register(
      sampleDraft(index % 2 === 0 ? 'like' : 'rating'),
      sampleArtifact(index),
      index,
    ),
  )
  const numbers = (await Promise.all(one)).map(({ model, version }) => `${model}@${version}`)
  const expected = [1, 2, 3, 4, 5, 6].flatMap((n) => [`like@${n}`, `rating@${n}`])
  assert.deepEqual(numbers.toSorted(), expected.toSorted())
  await registry.close()
  const reopened = await bench.open()
  const next = await reopened.register(sampleDraft('like'), sampleArtifact(7), 7)
  assert.equal(next.version, 7)
  const follower = await bench.open({ role: 'follower' })
  await assert.rejects(
    follower.register(sampleDraft('like'), sampleArtifact(8), 8),
    code('REGISTRY_READ_ONLY'),
  )
}

const refused = (call: Promise<unknown>, expected: string): Promise<void> =>
  assert.rejects(call, code(expected))

async function aliasesAreSound(bench: RegistryBench): Promise<void> {
  const registry = await bench.open()
  await fill(registry, 'like', 2)
  await registry.register(sampleDraft('like', 'rejected'), sampleArtifact(3), 3)
  await registry.promote('like', 1, audit)
  await refused(registry.promote('other', 1, audit), 'REGISTRY_UNKNOWN_MODEL')
  await refused(registry.promote('like', 9, audit), 'REGISTRY_UNKNOWN_VERSION')
  await refused(registry.promote('like', 3, audit), 'REGISTRY_REJECTED_VERSION')
  await refused(registry.setAlias('like', 'champion', 3, audit), 'REGISTRY_REJECTED_VERSION')
  await refused(registry.setAlias('like', '7', 1, audit), 'CORE_INVALID_NAME')
  await refused(registry.setAlias('like', '../x', 1, audit), 'CORE_INVALID_NAME')
  await refused(registry.removeAlias('like', 'champion', audit), 'CORE_INVALID_INPUT')
  await refused(registry.removeAlias('like', 'challenger', audit), 'REGISTRY_UNKNOWN_ALIAS')
  await rm(`${bench.dir}/like/v000002`, { recursive: true })
  assert.deepEqual(
    registry.missing().map(({ version }) => version),
    [2],
  )
  await refused(registry.promote('like', 2, audit), 'REGISTRY_ARTIFACT_MISSING')
  await refused(registry.setAlias('like', 'challenger', 2, audit), 'REGISTRY_ARTIFACT_MISSING')
  assert.deepEqual(registry.models()[0]?.aliases, { champion: 1 })
  await registry.restore('like', 2, sampleArtifact(2))
  await registry.setAlias('like', 'challenger', 2, audit)
  assert.deepEqual(registry.models()[0]?.aliases, { champion: 1, challenger: 2 })
  assert.equal(registry.version('like', 'challenger').version, 2)
  await registry.removeAlias('like', 'challenger', audit)
  assert.deepEqual(registry.models()[0]?.aliases, { champion: 1 })
}

async function historyTellsAll(bench: RegistryBench): Promise<void> {
  const registry = await bench.open()
  await fill(registry, 'like', 3)
  const times: number[] = []
  const at = async (run: () => Promise<unknown>): Promise<void> => {
    bench.advance(60_000)
    times.push(bench.now())
    await run()
  }
  await at(() => registry.promote('like', 1, { by: 'gate', reason: 'first' }))
  await at(() => registry.promote('like', 3, { by: 'gate', reason: 'auc 0.8' }))
  await at(() => registry.rollback('like', { by: 'bob', reason: 'complaints' }))
  const again = await registry.promote('like', 1, { by: 'bob', reason: 'it is already' })
  assert.equal(again.reason, 'complaints', 'promoting the champion changes nothing')
  await registry.close()
  const reopened = await bench.open()
  const changes = reopened.history('like').slice(3)
  assert.deepEqual(
    changes.map(({ action, version, previous, by, reason }) => [
      action,
      version,
      previous,
      by,
      reason,
    ]),
    [
      ['promoted', 1, undefined, 'gate', 'first'],
      ['promoted', 3, 1, 'gate', 'auc 0.8'],
      ['rolled-back', 1, 3, 'bob', 'complaints'],
    ],
  )
  assert.deepEqual(
    changes.map((entry) => Date.parse(entry.at)),
    times,
  )
  const [first = 0, second = 0, third = 0] = times
  const served = [first - 1, first, second - 1, second, third - 1, third + 1e9]
  assert.deepEqual(
    served.map((ms) => reopened.servedAt('like', ms)),
    [undefined, 1, 1, 3, 3, 1],
  )
}

async function rollsBack(bench: RegistryBench): Promise<void> {
  const registry = await bench.open()
  await fill(registry, 'like', 3)
  for (const version of [1, 2, 3]) await registry.promote('like', version, audit)
  assert.equal((await registry.rollback('like', audit)).version, 2)
  assert.equal((await registry.rollback('like', audit)).version, 1)
  await assert.rejects(registry.rollback('like', audit), code('REGISTRY_NOTHING_TO_ROLL_BACK'))
  await registry.promote('like', 3, audit)
  assert.equal((await registry.rollback('like', audit)).version, 1)
  await assert.rejects(registry.rollback('none', audit), code('REGISTRY_UNKNOWN_MODEL'))
}

const seen = (registry: Registry, version: number): Promise<void> =>
  new Promise((resolve) => {
    const stop = registry.onChange((model) => {
      if (registry.models().find(({ name }) => name === model)?.champion !== version) return
      stop()
      resolve()
    })
  })

async function otherProcess(bench: RegistryBench): Promise<void> {
  const owner = await bench.open()
  const follower = await bench.open({ role: 'follower' })
  await fill(owner, 'like', 2)
  const atFollower = seen(follower, 1)
  await owner.promote('like', 1, audit)
  await atFollower
  const atOwner = seen(owner, 2)
  await follower.promote('like', 2, audit)
  await atOwner
  assert.deepEqual(owner.history('like'), follower.history('like'))
  const entry = await follower.rollback('like', audit)
  assert.equal(entry.version, 1)
}

/** What a reader of `__millrace-promotions` knows, by key. */
async function published(bench: RegistryBench): Promise<Record<string, number>> {
  const known: Record<string, number> = {}
  for (const { key, value } of await bench.promotions()) {
    const name = Buffer.from(key ?? []).toString()
    if (value === null) delete known[name]
    else known[name] = (JSON.parse(Buffer.from(value).toString()) as { version: number }).version
  }
  return known
}

async function compactedTopic(bench: RegistryBench): Promise<void> {
  const owner = await bench.open()
  await fill(owner, 'like', 3)
  await owner.promote('like', 1, audit)
  assert.deepEqual(await published(bench), { 'like/champion': 1 })
  await owner.setAlias('like', 'challenger', 3, audit)
  assert.deepEqual(await published(bench), { 'like/champion': 1, 'like/challenger': 3 })
  await owner.close()
  // Nobody publishes now: the next owner does.
  const follower = await bench.open({ role: 'follower' })
  await follower.promote('like', 2, audit)
  await follower.removeAlias('like', 'challenger', audit)
  assert.deepEqual(await published(bench), { 'like/champion': 1, 'like/challenger': 3 })
  await bench.open()
  assert.deepEqual(await published(bench), { 'like/champion': 2 })
}

class Crash extends Error {}

async function crashAt(bench: RegistryBench, step: RegistryStep): Promise<void> {
  let armed = false
  const crashing = await bench.open({
    failpoint(reached) {
      if (armed && reached === step) throw new Crash(step)
    },
  })
  await fill(crashing, 'like', 2)
  await crashing.promote('like', 1, audit)
  armed = true
  const isPromotion = step === 'change-recorded' || step === 'promotion-published'
  const call = isPromotion
    ? crashing.promote('like', 2, audit)
    : crashing.register(sampleDraft('like'), sampleArtifact(3), 3)
  await assert.rejects(call, Crash)
  await crashing.close()

  const registry = await bench.open()
  const recorded = step === 'version-recorded'
  assert.equal(registry.versions('like').length, recorded ? 3 : 2)
  assert.deepEqual(registry.missing(), [])
  assert.equal(registry.models()[0]?.champion, isPromotion ? 2 : 1)
  for (const { version } of registry.versions('like')) await registry.readArtifact('like', version)
  assert.deepEqual(await published(bench), { 'like/champion': isPromotion ? 2 : 1 })
  const next = await registry.register(sampleDraft('like'), sampleArtifact(9), 9)
  assert.equal(next.version, recorded ? 4 : 3)
  assert.equal((await registry.readArtifact('like', next.version)).facts['value'], 9)
}
