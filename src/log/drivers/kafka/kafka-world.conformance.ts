/** A world of the log's suite on a Kafka cluster that is there: everything in it is removed after each check. */
import { openLog } from '../../open-log.ts'
import type { Log } from '../../log.ts'
import type { LogWorld } from '../../log-world.conformance.ts'

const ITSELF =
  'a cluster cleans by itself, in its own time, and asks no holder; segments are 1 MiB or more'

/** What the suite cannot ask of a cluster. */
export const KAFKA_SKIPS: Readonly<Record<string, string>> = {
  'old records go by whole segments, from the start': ITSELF,
  'a partition in which all is old becomes empty and keeps its end': ITSELF,
  'a partition over its size loses its oldest segments': ITSELF,
  'what a holder still needs stays': ITSELF,
  'a consumer that retention has passed goes on at the earliest record': ITSELF,
  'compaction keeps the last record of each key at its offset': ITSELF,
  'a tombstone deletes its key and goes after its time': ITSELF,
  'a changed byte is found and named, and the others go on':
    'the files are the brokers’ own; the decoder’s tests hold the checksum',
  'after crash upon crash nothing acknowledged is lost or doubled':
    'the brokers are shared by all checks; the outage tests end them',
}

export interface KafkaWorldOptions {
  /** `host:port`, comma between several. */
  readonly bootstrap: string
}

export async function makeKafkaWorld({ bootstrap }: KafkaWorldOptions): Promise<LogWorld> {
  const logs: Log[] = []
  const open = async (): Promise<Log> => {
    const properties = { 'heartbeat.interval.ms': '50', 'retry.backoff.ms': '20' }
    const log = await openLog({ dir: '.', url: `kafka://${bootstrap}`, properties, env: {} })
    logs.push(log)
    return log
  }
  return {
    open,
    settle: async (log) => log,
    advance: () => {},
    now: () => Date.now(),
    async dispose() {
      await Promise.all(logs.map((log) => log.close()))
      const log = await open()
      for (const { group } of await log.groups()) await log.deleteGroup(group)
      for (const { name } of await log.topics()) await log.deleteTopic(name)
      await log.close()
    },
  }
}
