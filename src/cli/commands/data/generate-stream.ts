import { once } from 'node:events'
import { argument, defineCommand } from '../../command.ts'
import { integer, oneOf } from '../../option-values.ts'

interface GenerateOptions {
  readonly seed?: number
  readonly events?: number
  readonly users?: number
  readonly movies?: number
  readonly days?: number
  readonly format: 'ndjson' | 'csv'
  readonly out?: string
  readonly truth?: boolean
}

export const generateStream = defineCommand<GenerateOptions>({
  name: 'generate',
  summary: 'make a stream of events with planted truth',
  arguments: [{ name: '<generator>', description: 'movielens or sparkify' }],
  options: [
    { flags: '--seed <n>', description: 'same seed, same bytes', parse: integer(0) },
    { flags: '--events <n>', description: 'events in all', parse: integer(1) },
    { flags: '--users <n>', description: 'users', parse: integer(1) },
    { flags: '--movies <n>', description: 'movies', parse: integer(1) },
    { flags: '--days <n>', description: 'days of a sparkify log', parse: integer(1) },
    {
      flags: '--format <format>',
      description: 'ndjson or csv',
      parse: oneOf('ndjson', 'csv'),
      default: 'ndjson',
    },
    { flags: '--out <folder>', description: 'write files there, with the reference files' },
    {
      flags: '--truth',
      description: 'say what was planted, and the best scores a model can reach',
    },
  ],
  examples: [
    'millrace generate movielens --seed 1 --events 10000 > ratings.jsonl',
    'millrace generate movielens --seed 1 --out data/',
  ],
  async run({ args, options: { format, out, truth, ...wanted } }, { output, signal }) {
    const { openGenerator } = await import('../../../app/index.ts')
    const { eventLines, writeGenerated } = await import('../../generated-files.ts')
    const { seed, events, users, movies, days } = wanted
    const set = Object.entries({ seed, events, users, movies, days }).filter(
      ([, value]) => value !== undefined,
    )
    const generated = await openGenerator(argument(args, 0), Object.fromEntries(set))
    if (truth) {
      const { facts, best } = generated.truth
      await output.data({ facts, best }, () => {
        for (const fact of facts) output.line(fact)
        for (const [metric, value] of Object.entries(best)) output.line(`best ${metric}: ${value}`)
      })
      return
    }
    if (out !== undefined) {
      const files = await writeGenerated(generated, out, signal)
      await output.data(files, () => files.forEach((file) => output.line(file)))
      return
    }
    for await (const lines of eventLines(generated.source, format, signal)) {
      if (!process.stdout.write(lines)) await once(process.stdout, 'drain')
    }
  },
})
