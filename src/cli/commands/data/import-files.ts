import { basename } from 'node:path'
import { defineCommand } from '../../command.ts'
import { fileOptions, type FileFlags } from '../../produce-options.ts'

export const importFiles = defineCommand<FileFlags & { topic?: string }>({
  name: 'import',
  summary: 'load files into topics as fast as it goes; goes on where it stopped',
  arguments: [
    { name: '<files...>', description: 'CSV, TSV, .dat or JSON lines; .gz and .zip too' },
  ],
  options: [
    {
      flags: '--topic <topic>',
      description: "where the events go (default: each file's own name)",
    },
    ...fileOptions,
  ],
  examples: ['millrace import ratings.csv movies.csv'],
  async run({ args, options }, tools) {
    const files = args[0] as readonly string[]
    const api = await tools.connect('change')
    const { produceFile, restDestination, resultText } = await import('../../produce.ts')
    const results = []
    for (const file of files) {
      const topic = options.topic ?? topicOf(file)
      const destination = await restDestination(api, topic, {})
      const result = await produceFile(destination, file, options, tools)
      if (!tools.output.json) tools.output.line(resultText(result, options.dryRun === true))
      results.push(result)
    }
    await tools.output.data(results, () => {})
  },
})

/** `data/ratings.csv.gz` → `ratings`. */
const topicOf = (file: string): string => basename(file).split('.', 1)[0] ?? basename(file)
