/** Prints records that come over REST: of the running instance, or of a data folder that nobody has open. */
import type { TopicAnswer } from '../api/index.ts'
import { path, query, type ApiClient } from './api-client.ts'
import type { CommandTools } from './command.ts'
import { recordText } from './consume-options.ts'
import { cliError } from './errors.ts'
import type { StartPlace } from './kafka/consume-records.ts'

export interface RestConsumeRequest {
  readonly topic: string
  readonly start: StartPlace
  readonly partition?: number | undefined
  readonly max?: number
  readonly toEnd: boolean
}

const PAGE_RECORDS = 500

export async function readOverRest(
  api: ApiClient,
  request: RestConsumeRequest,
  tools: CommandTools,
): Promise<void> {
  const { topic: name, start, partition: only, max, toEnd } = request
  const topic = await api.get<TopicAnswer>(path`/v1/topics/${name}`)
  const partitions = topic.partitions.filter(
    ({ partition }) => only === undefined || partition === only,
  )
  if (partitions.length === 0) {
    throw cliError('CLI_USAGE', `topic ${name} has no partition ${only}`)
  }
  if (start.at === 'offset' && partitions.every(({ end }) => start.offset > end)) {
    const ends = partitions.map(({ partition, end }) => `${end} in partition ${partition}`)
    throw cliError(
      'CLI_USAGE',
      `offset ${start.offset} is past the end of topic ${name}: ${ends.join(', ')}`,
    )
  }
  const counter = { left: max ?? Number.POSITIVE_INFINITY }
  const positions: string[] = []
  for (const { partition, earliest, end } of partitions) {
    const place = start.at === 'beginning' ? earliest : end
    const from = start.at === 'offset' ? Math.min(Math.max(start.offset, earliest), end) : place
    const reached = await printPages(api, { topic: name, partition, from, end }, counter, tools)
    positions.push(`${partition}:${reached}`)
  }
  if (counter.left <= 0 || toEnd) return
  await printStream(api, name, positions, counter, tools)
}

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

function print(record: string, counter: { left: number }, { output }: CommandTools): void {
  if (counter.left <= 0) return
  counter.left -= 1
  output.line(recordText(record, output))
}
