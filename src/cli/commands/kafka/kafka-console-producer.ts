import { defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { pairs, toolOptions, type ToolFlags } from '../../kafka/tool-broker.ts'
import { oneOf } from '../../option-values.ts'

interface ProducerFlags extends ToolFlags {
  readonly topic?: string
  readonly property?: readonly string[]
  readonly readerProperty?: readonly string[]
  readonly compressionCodec?: string | true
  readonly requestRequiredAcks?: string
}

const codec = oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd')

export const kafkaConsoleProducer = defineCommand<ProducerFlags>({
  name: 'kafka-console-producer',
  summary: "send the lines of standard input, by the command line of Kafka's own tool",
  options: [
    { flags: '--topic <topic>', description: 'where to; made when it is not there' },
    {
      flags: '--property <name=value>',
      description: 'parse.key=true, key.separator=<text> (default: a tabulator), ignore.error=true',
      repeats: true,
    },
    {
      flags: '--reader-property <name=value>',
      description: 'the name of --property in newer tools',
      repeats: true,
    },
    { flags: '--compression-codec [codec]', description: 'none, gzip, snappy, lz4 or zstd' },
    {
      flags: '--request-required-acks <acks>',
      description: 'taken and not used: each record is acknowledged when it is durable',
    },
    { flags: '--sync', description: 'taken and not used, for the same reason' },
    ...toolOptions,
  ],
  examples: [
    'millrace kafka-console-producer --broker-list localhost:9092 --topic test',
    'seq 42 | millrace kafka-console-producer --request-required-acks 1 --broker-list kafka:29092 --topic foo',
  ],
  async run({ options }, tools) {
    const { topic, compressionCodec } = options
    if (topic === undefined) throw cliError('CLI_USAGE', 'say where to: --topic <topic>')
    const properties = { ...pairs(options.property), ...pairs(options.readerProperty) }
    const compression = compressionCodec === true ? 'gzip' : codec(compressionCodec ?? 'none')
    const [{ attachTool }, { produceLines }] = await Promise.all([
      import('../../kafka/tool-broker.ts'),
      import('../../kafka/produce-lines.ts'),
    ])
    const { output, signal } = tools
    const log = await attachTool(options, tools, { 'compression.type': compression })
    try {
      const prompt = process.stdin.isTTY ? () => process.stderr.write('>') : () => {}
      signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
      await produceLines(log, {
        topic,
        input: withPrompt(process.stdin, prompt),
        signal,
        onCreated: () => output.note(`warning: topic ${topic} was not there: it is created`),
        ...(properties['parse.key'] === 'true'
          ? { keySeparator: properties['key.separator'] ?? '\t' }
          : {}),
        ignoreKeyless: properties['ignore.error'] === 'true',
      })
    } finally {
      await log.close()
    }
  },
})

async function* withPrompt(
  input: AsyncIterable<Uint8Array>,
  prompt: () => void,
): AsyncGenerator<Uint8Array> {
  prompt()
  for await (const chunk of input) {
    yield chunk
    prompt()
  }
}
