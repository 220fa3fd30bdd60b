import type { LogRecord } from '../../../core/index.ts'
import { defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import type { StartPlace } from '../../kafka/consume-records.ts'
import { pairs, toolOptions, type ToolFlags } from '../../kafka/tool-broker.ts'
import { integer } from '../../option-values.ts'

interface ConsumerFlags extends ToolFlags {
  readonly topic?: string
  readonly fromBeginning?: boolean
  readonly offset?: string
  readonly partition?: number
  readonly maxMessages?: number
  readonly timeoutMs?: number
  readonly group?: string
  readonly consumerProperty?: readonly string[]
  readonly property?: readonly string[]
  readonly formatterProperty?: readonly string[]
}

export const kafkaConsoleConsumer = defineCommand<ConsumerFlags>({
  name: 'kafka-console-consumer',
  summary: "print the records of a topic, by the command line of Kafka's own tool",
  options: [
    { flags: '--topic <topic>', description: 'name; made when it is not there' },
    { flags: '--from-beginning', description: 'from the first record (default: from now on)' },
    { flags: '--offset <n>', description: 'a number, earliest or latest; of each partition' },
    { flags: '--partition <n>', description: 'one partition (default: all)', parse: integer(0) },
    { flags: '--max-messages <n>', description: 'stop after so many', parse: integer(1) },
    { flags: '--timeout-ms <ms>', description: 'stop when nothing new came', parse: integer(1) },
    { flags: '--group <group>', description: 'join this consumer group' },
    {
      flags: '--consumer-property <name=value>',
      description: 'group.id, auto.offset.reset=earliest',
      repeats: true,
    },
    {
      flags: '--property <name=value>',
      description:
        'print.key, print.value, print.timestamp, print.partition, print.offset, key.separator, line.separator',
      repeats: true,
    },
    {
      flags: '--formatter-property <name=value>',
      description: 'the name of --property in newer tools',
      repeats: true,
    },
    { flags: '--new-consumer', description: 'of old lines: not used' },
    ...toolOptions,
  ],
  examples: [
    'millrace kafka-console-consumer --bootstrap-server localhost:9092 --topic test --from-beginning',
    'millrace kafka-console-consumer --zookeeper localhost:2181 --topic test --from-beginning --max-messages 42',
    'millrace kafka-console-consumer --topic test --offset 5',
  ],
  async run({ options }, tools) {
    const { topic, partition, maxMessages, timeoutMs } = options
    if (topic === undefined) throw cliError('CLI_USAGE', 'say which: --topic <topic>')
    const consumer = pairs(options.consumerProperty)
    const group = options.group ?? consumer['group.id']
    const start = startOf(options, consumer['auto.offset.reset'])
    if (group !== undefined && (options.offset !== undefined || partition !== undefined)) {
      throw cliError('CLI_USAGE', '--group decides partitions and offsets: leave them out')
    }
    const [{ attachTool }, { readAsMember, readPlaces }] = await Promise.all([
      import('../../kafka/tool-broker.ts'),
      import('../../kafka/consume-records.ts'),
    ])
    const { output, signal } = tools
    const text = formatter({ ...pairs(options.property), ...pairs(options.formatterProperty) })
    const log = await attachTool(options, tools)
    try {
      const isThere = (await log.topics()).some(({ name }) => name === topic)
      if (!isThere) {
        await log.createTopic({ name: topic })
        output.note(`warning: topic ${topic} was not there: it is created, and empty`)
      }
      const request = {
        topic,
        start,
        signal,
        print: (record: LogRecord) => {
          process.stdout.write(text(record))
          return output.drained()
        },
        ...(maxMessages === undefined ? {} : { max: maxMessages }),
        ...(timeoutMs === undefined ? {} : { idleMs: timeoutMs }),
      }
      const count =
        group === undefined
          ? await readPlaces(log, { ...request, ...(partition === undefined ? {} : { partition }) })
          : await readAsMember(log, { ...request, group, note: () => {} })
      output.note(`Processed a total of ${count} messages`)
    } finally {
      await log.close()
    }
  },
})

function startOf({ offset, fromBeginning }: ConsumerFlags, reset: string | undefined): StartPlace {
  if (offset === undefined || offset === 'latest') {
    const isFirst = offset === undefined && (fromBeginning || reset === 'earliest')
    return { at: isFirst ? 'beginning' : 'end' }
  }
  if (offset === 'earliest') return { at: 'beginning' }
  return { at: 'offset', offset: integer(0)(offset) }
}

/** As Kafka's DefaultMessageFormatter prints a record: what is asked for, tabulators between, bytes as they are. */
function formatter(
  properties: Readonly<Record<string, string>>,
): (record: LogRecord) => Uint8Array {
  const is = (name: string, preset = 'false'): boolean => (properties[name] ?? preset) === 'true'
  const separator = Buffer.from(properties['key.separator'] ?? '\t')
  const end = Buffer.from(properties['line.separator'] ?? '\n')
  const bytes = (value: Uint8Array | null): Uint8Array => value ?? Buffer.from('null')
  return (record) => {
    const parts: Uint8Array[] = []
    if (is('print.timestamp')) parts.push(Buffer.from(`CreateTime:${record.timestamp}`))
    if (is('print.partition')) parts.push(Buffer.from(`Partition:${record.partition}`))
    if (is('print.offset')) parts.push(Buffer.from(`Offset:${record.offset}`))
    if (is('print.headers')) parts.push(Buffer.from(headersText(record)))
    if (is('print.key')) parts.push(bytes(record.key))
    if (is('print.value', 'true')) parts.push(bytes(record.value))
    return Buffer.concat(
      parts.flatMap((part, at) => (at === 0 ? [part] : [separator, part])).concat(end),
    )
  }
}

const headersText = ({ headers }: LogRecord): string =>
  headers.length === 0
    ? 'NO_HEADERS'
    : headers
        .map(
          ({ key, value }) => `${key}:${value === null ? 'null' : Buffer.from(value).toString()}`,
        )
        .join(',')
