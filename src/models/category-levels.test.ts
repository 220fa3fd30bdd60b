import { describe, expect, test } from 'vitest'
import { decodeArtifact, encodeArtifact } from './artifact.ts'
import { levelsOf } from './category-levels.ts'
import { modelCatalog } from './catalog.ts'
import { conformanceData, inputOf } from './model.conformance-data.ts'
import { selectRows } from './dataset.ts'
import type { Dataset, FittedClassifier, FittedRegressor, ModelKind } from './model.ts'
import { parseParams } from './open-model.ts'

const kinds = await Promise.all(
  Object.values(modelCatalog).map((open) => open() as Promise<ModelKind>),
)
const learners = kinds.filter(
  ({ task, uses, baseline, name }) => task !== 'clusterer' && uses.categories && baseline !== name,
)

const answer = (fitted: FittedClassifier | FittedRegressor, data: Dataset) => {
  const input = inputOf(data)
  const found = fitted.task === 'classifier' ? fitted.predictProba(input) : fitted.predict(input)
  return {
    unknown: found.unknown,
    values: 'probability' in found ? found.probability : found.value,
  }
}

test('there are learners with categories', () => expect(learners.length).toBeGreaterThanOrEqual(7))

describe.each(learners)('$name', (kind) => {
  const all = conformanceData(kind.task, 600, 31)
  /** Rows whose user is among these. */
  const usersIn = (users: readonly number[]): Dataset => {
    const { codes } = all.categories.find(({ name }) => name === 'user')!
    return selectRows(
      all,
      [...codes.keys()].filter((r) => users.includes(codes[r]!)),
    )
  }
  const fit = async (data: Dataset, earlier?: ReadonlyMap<string, readonly string[]>) => {
    const categories = data.categories.map((category) => ({
      ...category,
      ...(earlier && { earlier: earlier.get(category.name)! }),
    }))
    const params = parseParams(kind, {})
    const fitted = await kind.fit({ ...data, categories }, params, { seed: 2 })
    return fitted as FittedClassifier | FittedRegressor
  }

  test('levels keep their codes, new ones follow, one that is gone is unknown and comes back to its own', async () => {
    const first = levelsOf((await fit(usersIn([1, 3, 5, 7]))).save())
    expect(first.get('user')).toEqual(['user-1', 'user-3', 'user-5', 'user-7'])

    const fitted = await fit(usersIn([0, 3, 4, 5, 7]), first)
    const second = levelsOf(fitted.save())
    const known = ['user-1', 'user-3', 'user-5', 'user-7', 'user-0', 'user-4']
    expect(second.get('user')).toEqual(known)
    const loaded = kind.load(decodeArtifact(encodeArtifact(fitted.save()).files))
    const asked = usersIn([1, 3])
    const { codes } = asked.categories.find(({ name }) => name === 'user')!
    const { unknown, values } = answer(loaded as typeof fitted, asked)
    const namesUser = unknown.map((names) => names?.includes('user') ?? false)
    expect(namesUser).toEqual(Array.from(codes, (code) => code === 1))
    // What was learned of it by an earlier version is no part of this one: it is as one that nobody knows.
    const stranger = answer(loaded as typeof fitted, {
      ...asked,
      categories: asked.categories.map((category) =>
        category.name === 'user'
          ? { ...category, codes: codes.map((c) => (c === 1 ? -1 : c)) }
          : category,
      ),
    })
    expect(values).toEqual(stranger.values)

    const third = levelsOf((await fit(usersIn([1, 9]), second)).save())
    expect(third.get('user')).toEqual([...known, 'user-9'])
  })

  test('codes of an earlier version change no answer', async () => {
    const data = usersIn([0, 1, 2, 3, 4, 5])
    const plain = answer(await fit(data), data)
    const earlier = new Map([
      ['user', ['user-5', 'user-8', 'user-0']],
      ['item', ['item-3', 'item-99']],
    ])
    const kept = answer(await fit(data, earlier), data)
    // Splits of a forest that gain the same are chosen by the order of codes: the trees differ, not what they say on the whole.
    const gaps = plain.values.map((value, r) => Math.abs(kept.values[r]! - value))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    expect(mean).toBeLessThan(kind.name.startsWith('random-forest') ? 0.02 : 1e-3)
  })
})
