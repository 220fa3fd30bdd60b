/** Apache Kafka's own load tools against whatever speaks its protocol; seconds by the tools' own clocks. */
import { kafkaTool } from '../test/engines/kafka-tools.ts'

/** `engines.md` of the design pages: what made the producer fastest there. */
export const TUNED_PRODUCER = ['batch.size=131072', 'linger.ms=5']
const JVM = ['-Xmx512M']

export interface Load {
  readonly bootstrap: string
  readonly topic: string
  readonly records: number
  readonly recordBytes: number
}

export async function createTopic(
  { bootstrap, topic }: Pick<Load, 'bootstrap' | 'topic'>,
  partitions: number,
  config: readonly string[] = [],
): Promise<void> {
  const shape = ['--partitions', String(partitions), '--replication-factor', '1']
  const configs = config.flatMap((line) => ['--config', line])
  const where = ['--bootstrap-server', bootstrap, '--create', '--topic', topic]
  await kafkaTool('kafka-topics', [...where, ...shape, ...configs])
}

/** `properties` are the producer's, acks among them. */
export async function produceByTool(load: Load, properties: readonly string[]): Promise<number> {
  const { bootstrap, topic, records, recordBytes } = load
  const size = ['--num-records', String(records), '--record-size', String(recordBytes)]
  const where = [`bootstrap.servers=${bootstrap}`, ...properties]
  const args = ['--topic', topic, ...size, '--throughput', '-1', '--command-property', ...where]
  const said = await kafkaTool('kafka-producer-perf-test', args, '', JVM)
  // So that the start of its JVM is not in it: "… records sent, 812345.1 records/sec (…".
  const rate = /records sent, ([\d.]+) records\/sec[^\n]*\n?$/.exec(said.trimEnd())?.[1]
  if (rate === undefined) throw new Error(`no figure in what the tool said:\n${said}`)
  return records / Number(rate)
}

/** A group of one that reads everything; the time that it takes to join is not in it. */
export async function consumeByTool({ bootstrap, topic, records }: Load): Promise<number> {
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', String(records)]
  const said = await kafkaTool('kafka-consumer-perf-test', args, '', JVM)
  const [, , , , seen, , , fetchMs] = said.trimEnd().split('\n').at(-1)?.split(', ') ?? []
  if (Number(seen) < records) throw new Error(`not all records were read:\n${said}`)
  return Number(fetchMs) / 1_000
}
