/** Labelled data sets, one a message: a few rows of numbers, labels by hidden weights, some of them flipped. */
import { z } from 'zod'
import { createRandom } from '../../../kernels/index.ts'
import type { SourceEvent } from '../../ingest.ts'
import { textFolder } from '../../sources/text-folder.ts'
import type { Generated, Generator } from '../generator.ts'

const options = z.strictObject({
  seed: z.int().min(0).default(42).describe('Same seed, same bytes.'),
  rows: z.int().min(1).max(1_000).default(10).describe('Rows of a data set.'),
  features: z.int().min(1).max(100).default(5).describe('Numbers of a row.'),
  flipped: z.number().min(0).max(0.5).default(0.1).describe('Share of wrong labels.'),
  events: z.int().min(1).max(20_000_000).default(100_000).describe('Data sets in all.'),
})

export type MatricesOptions = z.infer<typeof options>

export const matricesGenerator: Generator<MatricesOptions> = {
  name: 'matrices',
  summary: 'Small labelled data sets, one a message',
  options,
  create,
}

interface DataSet {
  readonly rows: readonly { readonly x: readonly number[]; readonly label: number }[]
  /** Share of labels that the hidden weights get right. */
  readonly score: number
}

/** Each data set has a seed of its own, so that a replay may begin anywhere. */
function dataSet({ seed, rows, features, flipped }: MatricesOptions, position: number): DataSet {
  const random = createRandom(seed * 1_000_003 + position)
  const weights = Array.from({ length: features }, () => random.gaussian())
  let right = 0
  const made = Array.from({ length: rows }, () => {
    const x = weights.map(() => Math.round(random.gaussian() * 1e6) / 1e6)
    const truth = x.reduce((sum, value, index) => sum + value * (weights[index] ?? 0), 0) > 0
    const isFlipped = random.uniform() < flipped
    if (!isFlipped) right += 1
    return { x, label: truth === isFlipped ? 0 : 1 }
  })
  return { rows: made, score: right / rows }
}

function create(wanted: MatricesOptions): Generated {
  const { seed, rows, features, flipped, events } = wanted
  const id = `generator:matrices?seed=${seed}&rows=${rows}&features=${features}&flipped=${flipped}&events=${events}`
  return {
    source: {
      id,
      // Changes whenever the same options give another stream.
      fingerprint: 'matrices:1',
      total: events,
      async *events(from, signal) {
        for (let position = Math.max(1, from); position <= events; position++) {
          signal?.throwIfAborted()
          const bytes = Buffer.from(JSON.stringify(dataSet(wanted, position)))
          const event: SourceEvent = { bytes, position }
          yield [event]
        }
      },
    },
    folder: textFolder(id, {}),
    truth: {
      facts: [
        `each data set has ${features} weights of its own; a label says whether the weighted sum is above 0`,
        `${flipped * 100} % of the labels are flipped; score is the share of those that are not`,
      ],
      best: { accuracy: 1 - flipped },
    },
  }
}
