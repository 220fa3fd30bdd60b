/** Our side of questions about a log over the network: the broker in a process of its own, this process its one client. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openLog } from '../src/log/index.ts'
import { startBroker, type BrokerProcess } from './broker-process.ts'
import { RECORDS, VALUE } from './log-records.ts'

/** Records of one append, as commands in a pipeline on the peers' side. */
export const PIPELINE = 100
/** Appends under way at once, as connections there. */
export const PIPELINES = 50

export async function startBenchBroker(dir: string): Promise<BrokerProcess> {
  await mkdir(dir, { recursive: true })
  return startBroker(join(dir, 'log'))
}

/** Every record acknowledged when it is durable; seconds from the first to the last. */
export async function fillOverNetwork(bootstrap: string, topic: string): Promise<number> {
  const log = await openLog({ dir: '.', url: `kafka://${bootstrap}`, env: {} })
  await log.createTopic({ name: topic })
  const records = Array.from({ length: PIPELINE }, () => ({
    key: null,
    value: VALUE,
    headers: [],
    timestamp: Date.now(),
  }))
  let left = RECORDS
  const send = async (): Promise<void> => {
    while (left > 0) {
      left -= PIPELINE
      await log.append(topic, records)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: PIPELINES }, send))
  const seconds = (performance.now() - began) / 1_000
  await log.close()
  return seconds
}
