/** What a generator is: a variant of `generators/`. A seeded stream whose truth is known, for the demo and for tests. */
import type { z } from 'zod'
import type { EventSource } from '../ingest.ts'
import type { DataFolder } from '../sources/data-folder.ts'

export interface Generated {
  /** The stream, in event-time order. Its id holds the seed and the options: the same ones give the same bytes. */
  readonly source: EventSource
  /** Name of the file that a publisher would give the stream; its ending is the format. Default `ratings.csv`. */
  readonly file?: string
  /** The reference files that belong to the stream, as if they lay in a folder. */
  readonly folder: DataFolder
  /** What was planted, as facts; the best scores that any model can reach on this stream, by metric name. */
  readonly truth: GeneratedTruth
}

export interface GeneratedTruth {
  /** One sentence a fact. */
  readonly facts: readonly string[]
  /** By metric (`rmse`, `auc`): reached by whoever knows every planted number, on all rows of the stream. */
  readonly best: Readonly<Record<string, number>>
}

export interface Generator<Options = unknown> {
  readonly name: string
  readonly summary: string
  /** Every option with unit, range, default and description. */
  readonly options: z.ZodType<Options>
  create(options: Options): Generated
}
