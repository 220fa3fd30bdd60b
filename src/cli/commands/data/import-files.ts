import { basename, join } from 'node:path'
import { defineCommand, type CommandTools } from '../../command.ts'
import { dataSets, writeCsv, type DataSet } from '../../data-sets.ts'
import { cliError } from '../../errors.ts'
import { fileOptions, type FileFlags } from '../../produce-options.ts'

export const importFiles = defineCommand<FileFlags & { topic?: string; toCsv?: string }>({
  name: 'import',
  summary: 'load files into topics as fast as it goes; goes on where it stopped',
  arguments: [
    {
      name: '<files...>',
      description:
        'CSV, TSV, .dat or JSON lines; .gz and .zip too; or a data set and its folder: lastfm DIR',
    },
  ],
  options: [
    {
      flags: '--topic <topic>',
      description: "where the events go (default: each file's own name)",
    },
    {
      flags: '--to-csv <folder>',
      description: 'of a data set: write its files as CSV there, and load nothing',
    },
    ...fileOptions,
  ],
  examples: [
    'millrace import ratings.csv movies.csv',
    'millrace import lastfm hetrec2011-lastfm-2k --to-csv out',
  ],
  async run({ args, options }, tools) {
    const files = args[0] as readonly string[]
    const [name = '', folder] = files
    const dataSet = Object.hasOwn(dataSets, name) ? dataSets[name] : undefined
    if (dataSet && folder !== undefined) {
      await importDataSet(dataSet, folder, options, tools)
      return
    }
    if (options.toCsv !== undefined) {
      throw cliError(
        'CLI_USAGE',
        '--to-csv is for a data set: millrace import lastfm DIR --to-csv OUT',
      )
    }
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

async function importDataSet(
  dataSet: DataSet,
  folder: string,
  options: FileFlags & { readonly toCsv?: string },
  tools: CommandTools,
): Promise<void> {
  const { output, signal } = tools
  if (options.toCsv !== undefined) {
    const written = await writeCsv(dataSet, folder, options.toCsv, signal)
    await output.data(written, () => {
      for (const { path, rows } of written)
        output.line(`${path}: ${rows.toLocaleString('en')} rows`)
    })
    return
  }
  const api = await tools.connect('change')
  const { produceFile, restDestination } = await import('../../produce.ts')
  const counts: string[] = []
  const results = []
  for (const { file, topic, rows } of dataSet.files) {
    const destination = await restDestination(api, topic, {})
    const result = await produceFile(destination, join(folder, file), options, tools)
    results.push(result)
    counts.push(`${(result.accepted + result.duplicates).toLocaleString('en')} ${rows}`)
  }
  await output.data(results, () => output.line(counts.join(', ')))
}

/** `data/ratings.csv.gz` → `ratings`. */
const topicOf = (file: string): string => basename(file).split('.', 1)[0] ?? basename(file)
