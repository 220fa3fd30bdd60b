import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PositionSet } from './position-set.ts'

it('holds what a set holds, in any order of adding, as sorted runs without neighbours', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (positions) => {
      const runs = new PositionSet()
      for (const position of positions) runs.add(position)
      const truth = new Set(positions)
      for (let position = 0; position <= 61; position++) {
        expect(runs.has(position)).toBe(truth.has(position))
      }
      expect(runs.last).toBe(Math.max(0, ...positions))
      let complete = 0
      while (truth.has(complete + 1)) complete++
      expect(runs.complete).toBe(complete)
      const flat = runs.runs.flat()
      expect(flat).toEqual(flat.toSorted((a, b) => a - b))
      for (let i = 1; i < runs.runs.length; i++) {
        expect(runs.runs[i]![0]).toBeGreaterThan(runs.runs[i - 1]![1] + 1)
      }
    }),
  )
})

it('comes back from its runs', () => {
  const set = new PositionSet([
    [1, 3],
    [5, 5],
  ])
  set.add(4)
  expect(set.runs).toEqual([[1, 5]])
})

it('stays small: beyond a thousand runs the first gaps close', () => {
  const set = new PositionSet()
  for (let position = 1; position < 10_000; position += 2) set.add(position)
  expect(set.runs.length).toBe(1_000)
  expect(set.last).toBe(9_999)
  expect(set.has(9_998)).toBe(false)
  expect(set.has(2)).toBe(true)
})
