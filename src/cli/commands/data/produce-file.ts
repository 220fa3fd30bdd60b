import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { integer, number, rate } from '../../option-values.ts'
import { fileOptions, type FileFlags, type PaceFlags } from '../../produce-options.ts'

export const produceFile = defineCommand<FileFlags & PaceFlags & { topic?: string }>({
  name: 'produce',
  summary: 'play a file into a topic, row by row; goes on where it stopped',
  arguments: [{ name: '<file>', description: 'CSV, TSV, .dat or JSON lines; .gz and .zip too' }],
  options: [
    { flags: '--topic <topic>', description: 'where the events go (required)' },
    { flags: '--rate <n/s>', description: 'events a second (default: unlimited)', parse: rate },
    {
      flags: '--jitter <share>',
      description: 'vary each pause by so much, 0 to 1',
      parse: number(0, 1),
    },
    { flags: '--interval <ms>', description: 'one event every so many ms', parse: integer(1) },
    {
      flags: '--speed <factor>',
      description: 'event time, so much faster: 3600 plays an hour in a second',
      parse: number(0.001, 1e12),
    },
    {
      flags: '--event-time <field>',
      description: "field that --speed goes by (default: the topic's)",
    },
    { flags: '--seed <n>', description: 'of the jitter', parse: integer(0) },
    ...fileOptions,
  ],
  examples: [
    'millrace produce ratings.csv --topic ratings --rate 200/s --jitter 0.2',
    'millrace produce ratings.dat --topic ratings --header userId,movieId,rating,timestamp',
  ],
  async run({ args, options }, tools) {
    const { topic } = options
    if (topic === undefined) throw cliError('CLI_USAGE', 'say where to: --topic <topic>')
    const api = await tools.connect('change')
    const { produceFile, resultText } = await import('../../produce.ts')
    const result = await produceFile(api, argument(args, 0), topic, options, tools)
    await tools.output.data(result, () =>
      tools.output.line(resultText(result, options.dryRun === true)),
    )
  },
})
