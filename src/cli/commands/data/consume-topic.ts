import { recordPrinter, startOf } from '../../consume-options.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'
import { integer, oneOf } from '../../option-values.ts'

interface ConsumeOptions extends BootstrapFlag {
  readonly from?: 'beginning' | 'end'
  readonly fromBeginning?: boolean
  readonly offset?: number
  readonly partition?: number
  readonly group?: string
  readonly max?: number
  readonly maxMessages?: number
  readonly toEnd?: boolean
}

export const consumeTopic = defineCommand<ConsumeOptions>({
  name: 'consume',
  summary: 'print the records of a topic, and go on as new ones come',
  arguments: [{ name: '<topic>', description: 'name' }],
  options: [
    {
      flags: '--from <place>',
      description:
        'beginning or end (default: end, with --max beginning); of a group: where it begins when it has no offset',
      parse: oneOf('beginning', 'end'),
    },
    { flags: '--from-beginning', description: 'the same as --from beginning' },
    {
      flags: '--offset <n>',
      description: 'from this offset of each partition, or of --partition',
      parse: integer(0),
    },
    { flags: '--partition <n>', description: 'one partition (default: all)', parse: integer(0) },
    {
      flags: '-g, --group <group>',
      description:
        'join a consumer group: its members share the partitions, and go on where the group was',
    },
    { flags: '--max <n>', description: 'stop after so many', parse: integer(1) },
    { flags: '--max-messages <n>', description: 'the same as --max', parse: integer(1) },
    { flags: '--to-end', description: 'stop at the end instead of waiting' },
    bootstrapOption,
  ],
  examples: [
    'millrace consume ratings --from beginning --max 10',
    'millrace consume ratings --group reports   (in two terminals: they share the partitions)',
    'millrace consume ratings --bootstrap-server kafka-1:9092 --offset 5 --json',
  ],
  async run({ args, options }, tools) {
    const topic = argument(args, 0)
    const { bootstrapServer, group, partition, toEnd = false } = options
    const max = options.max ?? options.maxMessages
    const start = startOf({ ...options, isSample: max !== undefined })
    if (group !== undefined && (start.at === 'offset' || partition !== undefined)) {
      throw cliError(
        'CLI_USAGE',
        '--group decides which partitions and offsets are read: leave --offset and --partition out, or set offsets with "millrace groups reset"',
      )
    }
    const common = { topic, start, toEnd, ...(max === undefined ? {} : { max }) }
    if (bootstrapServer === undefined && group === undefined) {
      const { readOverRest } = await import('../../consume-rest.ts')
      await readOverRest(await tools.connect('read'), { ...common, partition }, tools)
      return
    }
    const log = await tools.attach(bootstrapServer)
    const { readAsMember, readPlaces } = await import('../../kafka/consume-records.ts')
    const { signal } = tools
    const request = { ...common, signal, print: await recordPrinter(tools.output) }
    if (group === undefined) {
      await readPlaces(log, { ...request, ...(partition === undefined ? {} : { partition }) })
      return
    }
    await readAsMember(log, { ...request, group, note: (text) => tools.output.note(text) })
  },
})
