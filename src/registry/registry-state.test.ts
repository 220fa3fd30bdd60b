import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRegistryState } from './registry-state.ts'
import type { ChangeEntry, RegistryEntry } from './registry-records.ts'
import { sampleDraft } from './registry-samples.ts'

const MODEL = 'like'
const digest = '0'.repeat(64)
const createdAt = '2026-01-01T00:00:00.000Z'
const names = ['champion', 'challenger', 'shadow']

const versionEntry = (version: number, isRejected: boolean): RegistryEntry => ({
  type: 'version',
  version: {
    ...sampleDraft(MODEL, isRejected ? 'rejected' : 'accepted'),
    version,
    createdAt,
    digest,
    bytes: 1,
  },
})

const entries: fc.Arbitrary<RegistryEntry> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 8 }), fc.boolean()).map(([n, bad]) => versionEntry(n, bad)),
  fc
    .record({
      action: fc.constantFrom('promoted', 'rolled-back', 'alias-set', 'alias-removed'),
      version: fc.integer({ min: 1, max: 8 }),
      alias: fc.constantFrom(...names),
      previous: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    })
    .map((change): ChangeEntry => ({
      type: 'change',
      model: MODEL,
      at: createdAt,
      by: 'anna',
      reason: 'because',
      ...(change as Pick<ChangeEntry, 'action' | 'version' | 'alias' | 'previous'>),
    })),
)

/** The same rules once more, written the slow way: everything is found by walking the accepted entries. */
function trivial(accepted: readonly RegistryEntry[], next: RegistryEntry): boolean {
  const versions = accepted.flatMap((e) => (e.type === 'version' ? [e.version] : []))
  if (next.type === 'version') return next.version.version === versions.length + 1
  const named = versions.find(({ version }) => version === next.version)
  if (!named) return false
  const isChampion = ['promoted', 'rolled-back'].includes(next.action)
  if (isChampion !== (next.alias === 'champion')) return false
  if (isChampion && named.status === 'rejected') return false
  const champions = championsOf(accepted)
  if (next.action === 'rolled-back') {
    return champions.at(-1) === next.previous && champions.slice(0, -1).includes(next.version)
  }
  return next.action !== 'alias-removed' || aliasOf(accepted, next.alias) === next.version
}

function championsOf(accepted: readonly RegistryEntry[]): number[] {
  let stack: number[] = []
  for (const entry of accepted) {
    if (entry.type === 'version') continue
    if (entry.action === 'promoted') stack = [...stack, entry.version]
    if (entry.action === 'rolled-back') {
      do stack = stack.slice(0, -1)
      while (stack.at(-1) !== entry.version)
    }
  }
  return stack
}

function aliasOf(accepted: readonly RegistryEntry[], alias: string): number | undefined {
  const last = accepted.findLast((e) => e.type === 'change' && e.alias === alias)
  return last?.type === 'change' && last.action !== 'alias-removed' ? last.version : undefined
}

test('random entries have exactly the effects that the rules of SPEC.md give them', () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 60 }), (sequence) => {
      const state = createRegistryState()
      const accepted: RegistryEntry[] = []
      sequence.forEach((entry, offset) => {
        const expected = trivial(accepted, entry)
        expect('entry' in state.apply(entry, offset)).toBe(expected)
        if (expected) accepted.push(entry)
      })
      const count = accepted.filter(({ type }) => type === 'version').length
      const champions = championsOf(accepted)
      expect(state.versions(MODEL).map(({ version }) => version)).toEqual(
        Array.from({ length: count }, (_, index) => index + 1),
      )
      expect(state.champion(MODEL)).toBe(champions.at(-1))
      expect(state.earlierChampions(MODEL)).toEqual(champions.slice(0, -1).toReversed())
      expect(state.history(MODEL)).toHaveLength(accepted.length)
      for (const alias of names) {
        const pointer = state.pointers().get(`${MODEL}/${alias}`)
        expect(pointer?.version).toBe(aliasOf(accepted, alias))
      }
    }),
    { numRuns: 300 },
  )
})

test('random sequences reach promotions and roll-backs, so the property above is not empty', () => {
  const state = createRegistryState()
  const reached = new Set<string>()
  const sample = fc.sample(fc.array(entries, { minLength: 60, maxLength: 60 }), {
    numRuns: 50,
    seed: 7,
  })
  for (const entry of sample.flat()) {
    const applied = state.apply(entry, 0)
    if ('entry' in applied) reached.add(applied.entry.action)
  }
  expect([...reached]).toEqual(expect.arrayContaining(['promoted', 'rolled-back', 'alias-removed']))
})
