/** The suite of `serving.ts`: V1–V5, free of any test runner. */
import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  checksOn,
  isMillraceError,
  MillraceError,
  type Issue,
  type ConformanceCheck,
} from '../core/index.ts'
import type { Registry } from '../registry/index.ts'
import {
  audit,
  constantRegressor,
  fillRatings,
  idInputs,
  likeByUser,
  publish,
  ratingByIds,
  segmentsOfUsers,
  userInputs,
  type ServingBench,
} from './serving-samples.ts'
import type { PredictAnswer, PredictRow } from './serving.ts'

export function servingConformance(create: () => Promise<ServingBench>): ConformanceCheck[] {
  const check = checksOn(create)
  return [
    check('V1', 'version, digest and value of an answer agree, for every version', everyVersion),
    check('V1', 'the data-as-of of an answer is that of what it used', dataAsOf),
    check('V2', 'no request fails and no answer is mixed during swaps', swapStorm),
    check('V2', 'while a version loads, the one before answers', answersWhileLoading),
    check('V3', 'a damaged promotion leaves the old version, and says so', keepsOld),
    check('V3', 'a start with a damaged champion serves the newest good version', startsOnGood),
    check('V3', 'what could not be loaded is tried again, and heals by itself', triesAgain),
    check('V3', 'a version whose view is gone is not served', viewGone),
    check('V4', 'unknown entities and levels get a fallback that is named', fallbacks),
    check('V5', 'extreme values give finite answers or name the row', finiteAlways),
    check('V5', 'answers stay in the declared range', clipped),
    check('V5', 'rows without a field, or with a wrong one, are named one by one', badRows),
  ]
}

const code = (expected: string) => (error: unknown) => isMillraceError(error, expected)

/** The constant regressors answer with their version number. */
function assertWhole(registry: Registry, answer: PredictAnswer): void {
  assert.deepEqual(
    answer.predictions.map(({ value }) => value),
    answer.predictions.map(() => answer.version),
  )
  assert.equal(answer.digest, registry.version('rating', answer.version).digest)
}

async function everyVersion(bench: ServingBench): Promise<void> {
  const { registry } = bench
  const serving = await bench.open({ cache: { versions: 2 } })
  await assert.rejects(serving.predict('rating', [{}]), code('SERVING_NOT_READY'))
  await assert.rejects(serving.predict('other', [{}]), code('REGISTRY_UNKNOWN_MODEL'))
  await fillRatings(registry, 6)
  await assert.rejects(serving.predict('rating', [{}]), code('SERVING_NOT_READY'))
  await registry.promote('rating', 5, audit)
  await registry.setAlias('rating', 'challenger', 6, audit)
  await serving.settled()
  for (const ref of [undefined, 'champion', 'challenger', 1, 2, 3, 4, 5, 6, '3', 1]) {
    const answer = await serving.predict('rating', [{}, { extra: 1 }], { version: ref })
    assert.equal(answer.version, ref === undefined ? 5 : registry.version('rating', ref).version)
    assert.deepEqual(answer.set, { scheme: 'cumulative', part: 2, of: 3 })
    assertWhole(registry, answer)
  }
  await assert.rejects(
    serving.predict('rating', [{}], { version: 7 }),
    code('REGISTRY_UNKNOWN_VERSION'),
  )
  await assert.rejects(
    serving.predict('rating', [{}], { version: 'x' }),
    code('REGISTRY_UNKNOWN_ALIAS'),
  )
  assert.deepEqual((await serving.predict('rating', [])).predictions, [])
  assert.deepEqual(
    serving.live().map(({ model, version, problem }) => [model, version, problem]),
    [['rating', 5, undefined]],
  )
}

async function dataAsOf(bench: ServingBench): Promise<void> {
  await publish(bench, 'rating', await constantRegressor(1), { ...idInputs, categories: [] })
  await publish(bench, 'like', await likeByUser(), userInputs)
  const serving = await bench.open()
  assert.equal((await serving.predict('rating', [{}])).dataAsOf, 4_000)
  assert.equal((await serving.predict('like', [{ userId: 1 }])).dataAsOf, 5_000)
}

async function swapStorm(bench: ServingBench): Promise<void> {
  const { registry } = bench
  await fillRatings(registry, 8)
  await registry.promote('rating', 1, audit)
  const serving = await bench.open({ cache: { versions: 1 } })
  const stop = new AbortController()
  const seen = new Set<number>()
  const client = async (): Promise<number> => {
    let answers = 0
    for (; !stop.signal.aborted; answers += 1) {
      const answer = await serving.predict('rating', [{}, {}, {}])
      assertWhole(registry, answer)
      seen.add(answer.version)
      await new Promise(setImmediate)
    }
    return answers
  }
  const clients = Array.from({ length: 8 }, client)
  for (const version of [2, 3, 4, 5, 6, 7, 8]) {
    await registry.promote('rating', version, audit)
    await serving.settled()
    await serving.predict('rating', [{}], { version: 1 })
    if (version % 3 === 0) {
      await registry.rollback('rating', audit)
      await serving.settled()
    }
  }
  stop.abort()
  const answers = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0)
  assert.ok(answers >= 100, `${answers} answers during the swaps`)
  assert.ok(seen.size >= 4, `answers of ${seen.size} versions`)
  assert.equal((await serving.predict('rating', [{}])).version, 8)
}

async function answersWhileLoading(bench: ServingBench): Promise<void> {
  const { registry } = bench
  await fillRatings(registry, 2)
  await registry.promote('rating', 1, audit)
  const serving = await bench.open()
  const during: Promise<PredictAnswer>[] = []
  registry.onChange(() => {
    const ask = async (turns: number): Promise<PredictAnswer> => {
      // Turns of the event loop's microtasks only: no file can have been read meanwhile.
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      return serving.predict('rating', [{}])
    }
    during.push(ask(0), ask(3), ask(10))
  })
  await registry.promote('rating', 2, audit)
  for (const answer of await Promise.all(during)) assert.equal(answer.version, 1)
  assert.equal(during.length, 3)
  await serving.settled()
  assert.equal((await serving.predict('rating', [{}])).version, 2)
}

const weights = (bench: ServingBench, version: number): string =>
  join(bench.dir, `rating/v00000${version}/tensors.safetensors`)

async function keepsOld(bench: ServingBench): Promise<void> {
  const { registry } = bench
  await fillRatings(registry, 3)
  await registry.promote('rating', 1, audit)
  // The promotion has verified the artifact; the disk fails just before serving reads it.
  const stop = registry.onChange(() => truncateSync(weights(bench, 3), 3))
  const serving = await bench.open()
  await registry.promote('rating', 3, audit)
  stop()
  await serving.settled()
  const [live] = serving.live()
  assert.equal(live?.version, 1)
  assert.match(
    live?.problem ?? '',
    /version 3 is promoted .*version 1 serves.*tensors\.safetensors/,
  )
  assert.deepEqual(serving.problems(), [{ model: 'rating', problem: live?.problem }])
  assertWhole(registry, await serving.predict('rating', [{}]))
  await assert.rejects(serving.predict('rating', [{}], { version: 3 }), code('REGISTRY_CORRUPT'))
  await registry.restore('rating', 3, await constantRegressor(3))
  await serving.settled()
  assert.equal((await serving.predict('rating', [{}])).version, 3)
  assert.deepEqual(serving.problems(), [])
}

async function triesAgain(bench: ServingBench): Promise<void> {
  const { registry } = bench
  await fillRatings(registry, 1)
  await registry.promote('rating', 1, audit)
  const whole = readFileSync(weights(bench, 1))
  truncateSync(weights(bench, 1), 3)
  const serving = await bench.open()
  assert.equal(serving.problems().length, 1)
  bench.advance(2_000)
  await serving.settled()
  assert.equal(serving.problems().length, 1)
  writeFileSync(weights(bench, 1), whole)
  bench.advance(4_000)
  await serving.settled()
  assert.deepEqual(serving.problems(), [])
  assert.equal((await serving.predict('rating', [{}])).version, 1)
}

async function startsOnGood(bench: ServingBench): Promise<void> {
  const { registry } = bench
  await fillRatings(registry, 4)
  for (const version of [1, 2, 4]) await registry.promote('rating', version, audit)
  truncateSync(weights(bench, 4), 3)
  truncateSync(weights(bench, 2), 3)
  const serving = await bench.open()
  assert.equal((await serving.predict('rating', [{}])).version, 1, 'the champion before them')
  assert.match(serving.live()[0]?.problem ?? '', /version 4 is promoted .*version 1 serves/)
  await serving.close()
  for (const version of [1, 3]) truncateSync(weights(bench, version), 3)
  const none = await bench.open()
  assert.deepEqual(none.live(), [])
  assert.match(none.problems()[0]?.problem ?? '', /no other version can serve/)
  await assert.rejects(none.predict('rating', [{}]), code('SERVING_NOT_READY'))
  await registry.restore('rating', 4, await constantRegressor(4))
  await none.settled()
  assert.equal((await none.predict('rating', [{}])).version, 4)
}

async function viewGone(bench: ServingBench): Promise<void> {
  await publish(bench, 'like', await likeByUser(), userInputs)
  const serving = await bench.open()
  const features = ['user_count', 'user_mean']
  const gone = { ...userInputs, views: [{ view: 'gone', entity: 'userId', features }] }
  const { version } = await publish(bench, 'like', await likeByUser(), gone)
  await serving.settled()
  assert.equal((await serving.predict('like', [{ userId: 1 }])).version, version - 1)
  assert.match(serving.problems()[0]?.problem ?? '', /feature view "gone"/)
  await assert.rejects(
    serving.predict('like', [{ userId: 1 }], { version }),
    code('SERVING_UNUSABLE_VERSION'),
  )
}

async function fallbacks(bench: ServingBench): Promise<void> {
  await publish(bench, 'like', await likeByUser(), userInputs)
  await publish(bench, 'segments', await segmentsOfUsers(), userInputs)
  await publish(bench, 'rating', await ratingByIds(), idInputs)
  const serving = await bench.open()
  const [known, unknown, text] = (
    await serving.predict('like', [{ userId: 5 }, { userId: 99 }, { userId: '5' }])
  ).predictions
  assert.equal(known?.label, 1)
  assert.equal(known?.fallback, undefined)
  assert.deepEqual(text, known, 'ids may be numbers or text')
  assert.deepEqual(unknown?.fallback?.unknown, ['userId'])
  assert.match(unknown?.fallback?.used ?? '', /no events of this userId/)

  const rows = [{ userId: 1 }, { userId: 5 }, { user_count: 50, user_mean: 5 }, { userId: 'new' }]
  const segments = (await serving.predict('segments', rows)).predictions
  const [low, high, posted, fresh] = segments
  assert.notEqual(low?.cluster, high?.cluster)
  assert.deepEqual(posted, high, 'a posted vector is as good as the entity that has it')
  assert.deepEqual(fresh?.fallback?.unknown, ['userId'])
  const profiles = await serving.profiles('segments')
  for (const { cluster, clusterLabel } of segments) {
    assert.equal(clusterLabel, profiles.find(({ id }) => id === cluster)?.label)
  }
  await assert.rejects(serving.profiles('like'), code('CORE_INVALID_INPUT'))

  const ratings = await serving.predict('rating', [
    { userId: 1, movieId: 7 },
    { userId: 1, movieId: 8 },
    { userId: 1, movieId: 999 },
    { userId: 99, movieId: null },
  ])
  const [good, bad, newMovie, allNew] = ratings.predictions
  assert.ok(
    (good?.value ?? 0) > (newMovie?.value ?? 0) && (newMovie?.value ?? 0) > (bad?.value ?? 0),
  )
  assert.equal(good?.fallback, undefined)
  assert.deepEqual(newMovie?.fallback?.unknown, ['movieId'])
  assert.match(newMovie?.fallback?.used ?? '', /movieId is new to the model/)
  assert.deepEqual(allNew?.fallback?.unknown.toSorted(), ['movieId', 'userId'])
}

async function finiteAlways(bench: ServingBench): Promise<void> {
  await publish(bench, 'like', await likeByUser(), userInputs)
  await publish(bench, 'segments', await segmentsOfUsers(), userInputs)
  const serving = await bench.open()
  const extremes = [0, -0, 1, -1e308, 1e308, Number.MAX_VALUE, Number.MIN_VALUE, 5e-324, null, true]
  for (const model of ['like', 'segments']) {
    for (const user_count of extremes) {
      for (const user_mean of extremes) {
        const rows = [{ user_count, user_mean }]
        const answer = await serving.predict(model, rows).catch((error: unknown) => {
          assert.ok(isMillraceError(error, 'SERVING_INVALID_ROW'))
          return undefined
        })
        for (const { probability, distance } of answer?.predictions ?? []) {
          assert.ok(Number.isFinite(probability ?? distance))
        }
      }
    }
  }
}

async function clipped(bench: ServingBench): Promise<void> {
  await publish(bench, 'rating', await constantRegressor(70), userInputs, { range: [0.5, 5] })
  const serving = await bench.open()
  assert.equal((await serving.predict('rating', [{}])).predictions[0]?.value, 5)
  await publish(bench, 'rating', await constantRegressor(-70), userInputs, { range: [0.5, 5] })
  await serving.settled()
  assert.equal((await serving.predict('rating', [{}])).predictions[0]?.value, 0.5)
}

async function badRows(bench: ServingBench): Promise<void> {
  await publish(bench, 'like', await likeByUser(), userInputs)
  await publish(bench, 'rating', await ratingByIds(), idInputs)
  const serving = await bench.open()
  const pathsOf = async (model: string, rows: readonly PredictRow[]): Promise<string[]> => {
    const error = await serving.predict(model, rows).catch((caught: unknown) => caught)
    assert.ok(error instanceof MillraceError && error.code === 'SERVING_INVALID_ROW', String(error))
    assert.ok(error.status === 422)
    return (error.details['issues'] as Issue[]).map(({ path }) => path)
  }
  const good = { userId: 1, movieId: 7, rating: 4 }
  assert.deepEqual(await pathsOf('rating', [good, { userId: 1 }, { ...good, movieId: 1.5 }, {}]), [
    '/rows/1/movieId',
    '/rows/2/movieId',
    '/rows/3/userId',
    '/rows/3/movieId',
  ])
  const wrong: PredictRow[string][] = [null, true, 1.5, 2 ** 53, Number.NaN, Infinity, undefined]
  for (const userId of wrong)
    assert.deepEqual(await pathsOf('like', [{ userId }]), ['/rows/0/userId'])
  const partial = { user_mean: '4' }
  assert.deepEqual(await pathsOf('like', [partial]), ['/rows/0/user_count', '/rows/0/user_mean'])
  const inherited = Object.create({ userId: 1 }) as PredictRow
  assert.deepEqual(await pathsOf('like', [inherited]), ['/rows/0/userId'])
  const noObject = [null, 'x', 7] as unknown as PredictRow[]
  assert.deepEqual(await pathsOf('like', noObject), ['/rows/0', '/rows/1', '/rows/2'])
  const many = Array.from({ length: 1_000 }, () => ({}))
  assert.equal((await pathsOf('like', many)).length, 100)
  await assert.rejects(serving.predict('rating', [{ userId: 1 }]), /\/rows\/0\/movieId missing/)
}
