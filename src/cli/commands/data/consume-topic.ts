import type { TopicAnswer } from '../../../api/index.ts'
import { path, query, type ApiClient } from '../../api-client.ts'
import { argument, defineCommand, type CommandTools } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { integer, oneOf } from '../../option-values.ts'
import { recordValue } from '../../record-value.ts'

interface ConsumeOptions {
  readonly from: 'beginning' | 'end'
  readonly offset?: number
  readonly partition?: number
  readonly max?: number
  readonly toEnd?: boolean
}

const PAGE_RECORDS = 500

export const consumeTopic = defineCommand<ConsumeOptions>({
  name: 'consume',
  summary: 'print the records of a topic, and go on as new ones come',
  arguments: [{ name: '<topic>', description: 'name' }],
  options: [
    {
      flags: '--from <place>',
      description: 'beginning or end',
      parse: oneOf('beginning', 'end'),
      default: 'end',
    },
    { flags: '--offset <n>', description: 'from this offset of a partition', parse: integer(0) },
    { flags: '--partition <n>', description: 'one partition (default: all)', parse: integer(0) },
    { flags: '--max <n>', description: 'stop after so many', parse: integer(1) },
    { flags: '--to-end', description: 'stop at the end instead of waiting' },
  ],
  examples: [
    'millrace consume ratings --from beginning --max 10',
    'millrace consume ratings --json',
  ],
  async run({ args, options }, tools) {
    const api = await tools.connect('read')
    const name = argument(args, 0)
    const topic = await api.get<TopicAnswer>(path`/v1/topics/${name}`)
    const partitions = topic.partitions.filter(
      ({ partition }) => options.partition === undefined || partition === options.partition,
    )
    if (partitions.length === 0) {
      throw cliError('CLI_USAGE', `topic ${name} has no partition ${options.partition}`)
    }
    const { offset = 0 } = options
    if (partitions.every(({ end }) => offset > end)) {
      const ends = partitions.map(({ partition, end }) => `${end} in partition ${partition}`)
      throw cliError(
        'CLI_USAGE',
        `offset ${offset} is past the end of topic ${name}: ${ends.join(', ')}`,
      )
    }
    const counter = { left: options.max ?? Number.POSITIVE_INFINITY }
    const positions: string[] = []
    for (const { partition, earliest, end } of partitions) {
      const start = options.from === 'beginning' ? earliest : end
      const from = options.offset ?? start
      const reached = await printPages(api, { topic: name, partition, from, end }, counter, tools)
      positions.push(`${partition}:${reached}`)
    }
    if (counter.left <= 0 || options.toEnd) return
    await printStream(api, name, positions, counter, tools)
  },
})

interface Range {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly end: number
}

async function printPages(
  api: ApiClient,
  { topic, partition, from, end }: Range,
  counter: { left: number },
  tools: CommandTools,
): Promise<number> {
  let offset = from
  while (offset < end && counter.left > 0) {
    const limit = Math.min(PAGE_RECORDS, counter.left)
    const page = await api.send({
      method: 'GET',
      path: `${path`/v1/topics/${topic}/records`}${query({ partition, offset, limit })}`,
      headers: { accept: 'application/x-ndjson' },
    })
    for (const record of page.text.split('\n')) if (record !== '') print(record, counter, tools)
    offset = Number(page.headers['millrace-next'] ?? end)
  }
  return offset
}

async function printStream(
  api: ApiClient,
  topic: string,
  positions: readonly string[],
  counter: { left: number },
  tools: CommandTools,
): Promise<void> {
  const { events } = api.transport
  if (!events) {
    tools.output.note('nothing runs, so nothing new can come: this was all')
    return
  }
  const done = new AbortController()
  const signal = AbortSignal.any([done.signal, tools.signal])
  try {
    const partition = positions.length === 1 ? positions[0]?.split(':')[0] : undefined
    const route = `${path`/v1/topics/${topic}/stream`}${query({ partition })}`
    for await (const record of events(route, signal, positions.join(','))) {
      print(record, counter, tools)
      if (counter.left <= 0) return
    }
  } finally {
    done.abort()
  }
}

/** The value as it was sent, or with `--json` the whole record, on one line. */
function print(record: string, counter: { left: number }, { output }: CommandTools): void {
  if (counter.left <= 0) return
  counter.left -= 1
  output.line(output.json ? record : recordValue(record))
}
