/** The generators: one lazy line each. */
import type { Generator } from './generator.ts'

export const generators = {
  lastfm: async () => (await import('./lastfm/lastfm-generator.ts')).lastfmGenerator,
  matrices: async () => (await import('./matrices/matrices-generator.ts')).matricesGenerator,
  movielens: async () => (await import('./movielens/movielens-generator.ts')).movielensGenerator,
  sparkify: async () => (await import('./sparkify/sparkify-generator.ts')).sparkifyGenerator,
} as const satisfies Record<string, () => Promise<unknown>>

export type GeneratorName = keyof typeof generators

/** A generator with its options' type left open. */
export const loadGenerator = (name: GeneratorName): Promise<Generator> => generators[name]()
