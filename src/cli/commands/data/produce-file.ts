import { isMillraceError } from '../../../core/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand, type CommandTools } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'
import { integer, number, pause, rate, speed } from '../../option-values.ts'
import { fileOptions, type FileFlags, type PaceFlags } from '../../produce-options.ts'

interface ProduceOptions extends FileFlags, PaceFlags, BootstrapFlag {
  readonly topic?: string
  readonly loop?: boolean
  readonly reset?: boolean
  readonly key?: string
  readonly keySeparator?: string
}

export const produceFile = defineCommand<ProduceOptions>({
  name: 'produce',
  summary: 'play a file into a topic row by row, or send the lines of standard input',
  arguments: [
    {
      name: '[file]',
      description:
        'CSV, TSV, .dat or JSON lines; .gz and .zip too. A topic in its place, or -, reads standard input',
    },
  ],
  options: [
    { flags: '--topic <topic>', description: 'where the events go' },
    { flags: '--rate <n/s>', description: 'events a second (default: unlimited)', parse: rate },
    {
      flags: '--jitter [share]',
      description: 'vary each pause by so much, 0 to 1 (alone: 0.5)',
      preset: '0.5',
      parse: number(0, 1),
    },
    {
      flags: '--interval <time>',
      description: 'one event every 1s, 250ms; 0: no pause',
      parse: pause,
    },
    {
      flags: '--speed <factor>',
      description: 'event time, so much faster: 3600x plays an hour in a second',
      parse: speed,
    },
    {
      flags: '--event-time <field>',
      description: "field that --speed goes by (default: the topic's)",
    },
    { flags: '--time-column <field>', description: 'the same as --event-time' },
    { flags: '--seed <n>', description: 'of the jitter', parse: integer(0) },
    { flags: '--loop', description: 'play the file again and again, until Ctrl-C' },
    { flags: '--reset', description: 'delete the topic and its records first' },
    { flags: '--key <field>', description: 'with --bootstrap-server: field that is the key' },
    {
      flags: '--key-separator <text>',
      description: 'of lines: what stands between key and value (default: no key)',
    },
    bootstrapOption,
    ...fileOptions,
  ],
  examples: [
    'millrace produce ratings.csv --topic ratings --rate 200/s --jitter 0.2',
    'millrace produce events.ndjson.gz --topic sparkify --speed 3600x',
    'millrace produce ratings.dat --topic ratings --header userId,movieId,rating,timestamp',
    'millrace produce test-topic                 (type lines; Ctrl-D ends)',
    'seq 42 | millrace produce foo --bootstrap-server kafka-1:9092',
  ],
  async run({ args, options }, tools) {
    const named = argument(args, 0)
    const { isFile, topic } = await whatToSend(named, options.topic)
    if (isFile) await sendFile(named, topic, options, tools)
    else await sendLines(topic, options, tools)
  },
})

/** A name that is no file and looks like none is a topic, which gets the lines of standard input. */
async function whatToSend(
  named: string,
  topic: string | undefined,
): Promise<{ isFile: boolean; topic: string }> {
  if (named !== '' && named !== '-') {
    const [{ existsSync }, { userPath }] = await Promise.all([
      import('node:fs'),
      import('../../instance.ts'),
    ])
    const looksLikeFile = /[/\\]|\.(csv|tsv|dat|txt|jsonl?|ndjson|parquet|gz|zip)$/i.test(named)
    const isFile = topic !== undefined || looksLikeFile || existsSync(userPath(named))
    if (!isFile) return { isFile, topic: named }
    if (topic !== undefined) return { isFile, topic }
  } else if (topic !== undefined) return { isFile: false, topic }
  const what = named === '' ? 'a file and a topic, or a topic' : 'where to'
  throw cliError('CLI_USAGE', `say ${what}: millrace produce <file> --topic <topic>`)
}

async function sendFile(
  file: string,
  topic: string,
  options: ProduceOptions,
  tools: CommandTools,
): Promise<void> {
  const { bootstrapServer, key, eventTime, keySeparator } = options
  if (options.loop && options.dryRun) {
    throw cliError('CLI_USAGE', '--dry-run would read the file for ever: leave --loop out')
  }
  if (keySeparator !== undefined) {
    throw cliError('CLI_USAGE', '--key-separator is for lines of standard input, not for a file')
  }
  if (key !== undefined && bootstrapServer === undefined) {
    throw cliError('CLI_USAGE', 'the app declares the key of its topics: leave --key out')
  }
  const { produceFile, restDestination, resultText } = await import('../../produce.ts')
  let destination
  if (bootstrapServer === undefined) {
    const api = await tools.connect('change')
    if (options.reset) await deleted(() => api.delete(path`/v1/topics/${topic}`))
    destination = await restDestination(api, topic, options)
  } else {
    const { createBrokerTarget } = await import('../../kafka/broker-target.ts')
    const log = await tools.attach(bootstrapServer)
    if (options.reset) await deleted(() => log.deleteTopic(topic))
    const onCreated = createdNote(tools)
    destination = {
      target: createBrokerTarget(log, { topic, onCreated, ...(key === undefined ? {} : { key }) }),
      contract: { topic, columns: [], ...(eventTime === undefined ? {} : { eventTime }) },
    }
  }
  const result = await produceFile(destination, file, options, tools)
  await tools.output.data(result, () =>
    tools.output.line(resultText(result, options.dryRun === true)),
  )
}

/** A topic that is not there is as good as deleted. */
async function deleted(run: () => Promise<void>): Promise<void> {
  await run().catch((error: unknown) => {
    if (!isMillraceError(error, 'LOG_UNKNOWN_TOPIC')) throw error
  })
}

async function sendLines(
  topic: string,
  { bootstrapServer, keySeparator, loop, reset }: ProduceOptions,
  tools: CommandTools,
): Promise<void> {
  if (loop || reset) {
    throw cliError('CLI_USAGE', '--loop and --reset are for a file: name one, and --topic')
  }
  const { output, signal } = tools
  const log = await tools.attach(bootstrapServer)
  const { produceLines } = await import('../../kafka/produce-lines.ts')
  if (process.stdin.isTTY) output.note(`each line is a record of ${topic}; Ctrl-D ends`)
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
  const records = await produceLines(log, {
    topic,
    input: process.stdin,
    signal,
    onCreated: createdNote(tools),
    ...(keySeparator === undefined ? {} : { keySeparator }),
  })
  await output.data({ topic, records }, () =>
    output.line(`${topic}: ${records} ${records === 1 ? 'record' : 'records'} stored`),
  )
}

const createdNote =
  ({ output }: CommandTools) =>
  (topic: string): void =>
    output.note(`topic ${topic} was not there: it is created, with one partition`)
