/**
 * The levels of a category as a model keeps them. The place of a level in the list is its code; −1, which no level has, is the
 * code of what is missing or was never seen. A level keeps its code from version to version: the levels of the version before
 * come first, in their order, then the new ones by text. One that the last training had no row of stays in the list, so that
 * its code is never given to another, but is answered like one that was never seen.
 */
import { z } from 'zod'
import type { Artifact, CategoryColumn } from './model.ts'

export interface KeptLevels {
  readonly name: string
  /** By code. */
  readonly levels: readonly string[]
  /** Codes of levels without a row, ascending; not there when all have one. */
  readonly absent?: readonly number[]
}

/** How they are told in an artifact. */
export const levelFacts = z.strictObject({
  name: z.string(),
  levels: z.array(z.string()),
  absent: z.array(z.int().min(0)).optional(),
})

/** What a model keeps of a column that it learned from. */
export function keptLevels({ name, levels, codes, earlier }: CategoryColumn): KeptLevels {
  if (!earlier) return { name, levels }
  const used = new Uint8Array(levels.length)
  for (const code of codes) if (code >= 0) used[code] = 1
  const absent = [...levels.keys()].filter((code) => used[code] === 0)
  return absent.length === 0 ? { name, levels } : { name, levels, absent }
}

/** The facts of an artifact about a category. */
export const toldLevels = ({ name, levels, absent }: KeptLevels): KeptLevels =>
  absent ? { name, levels, absent } : { name, levels }

/** Code by level, of those that the model has learned something of. */
export function indexLevels({ levels, absent = [] }: KeptLevels): ReadonlyMap<string, number> {
  const codes = new Map(levels.map((level, code) => [level, code]))
  for (const code of absent) codes.delete(levels[code] ?? '')
  return codes
}

const artifactFacts = z.looseObject({
  categories: z.array(z.looseObject({ name: z.string(), levels: z.array(z.string()) })),
})

/** Levels by category, in the order of their codes: what the next version goes on from. Empty for models without any. */
export function levelsOf({ facts }: Artifact): ReadonlyMap<string, readonly string[]> {
  const parsed = artifactFacts.safeParse(facts)
  if (!parsed.success) return new Map()
  return new Map(parsed.data.categories.map(({ name, levels }) => [name, levels]))
}
