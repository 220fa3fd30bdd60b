import { expect, test } from 'vitest'
import type { LoadedModel } from './loaded-model.ts'
import { createVersionCache } from './version-cache.ts'

const model = (bytes: number): LoadedModel => ({ record: { bytes } }) as LoadedModel

/** Asks for the versions in order; the ones that had to be loaded. */
async function loads(limits: { versions: number; bytes: number }, asked: string): Promise<string> {
  const cache = createVersionCache(limits)
  let loaded = ''
  for (const key of asked) {
    await cache.get(key, () => {
      loaded += key
      return Promise.resolve(model(10))
    })
  }
  return loaded
}

test('the versions used last stay, up to the count', async () => {
  expect(await loads({ versions: 2, bytes: 1_000 }, 'abab')).toBe('ab')
  expect(await loads({ versions: 2, bytes: 1_000 }, 'abcab')).toBe('abcab')
  expect(await loads({ versions: 2, bytes: 1_000 }, 'abacab')).toBe('abcb')
})

test('the versions used last stay, up to the bytes', async () => {
  expect(await loads({ versions: 9, bytes: 20 }, 'abcab')).toBe('abcab')
  expect(await loads({ versions: 9, bytes: 30 }, 'abcab')).toBe('abc')
  expect(await loads({ versions: 9, bytes: 5 }, 'aab')).toBe('aab')
})

test('a version that many ask for at once is loaded once; a failure is not kept', async () => {
  const cache = createVersionCache({ versions: 2, bytes: 100 })
  let calls = 0
  const failing = (): Promise<LoadedModel> => {
    calls += 1
    return Promise.reject(new Error('disk'))
  }
  const both = await Promise.allSettled([cache.get('a', failing), cache.get('a', failing)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(calls).toBe(1)
  const loaded = model(1)
  expect(await cache.get('a', () => Promise.resolve(loaded))).toBe(loaded)
})
