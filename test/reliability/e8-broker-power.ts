/**
 * E8: the power of the only broker goes. Apache Kafka acknowledges before its disk has the bytes: with one broker they may be
 * lost, and the log must have said so. The same broker with a flush after every message must lose nothing; the one as it
 * comes is the control, which must.
 */
import { createRandom } from '../../src/kernels/index.ts'
import { missingForKafka } from '../engines/kafka-jars.ts'
import type { AnomalyName } from './anomaly.ts'
import { kafkaPeer, type KafkaVictim } from './kafka-peer.ts'
import { cutPeer } from './peers.ts'
import { missingForPowerCut } from './power-cut.ts'
import type { Soak } from './result.ts'
import { addUp } from './writer.ts'

interface Loss {
  readonly acknowledged: number
  readonly lost: number
  readonly isWarned: boolean
}

const DEFAULT_ROUNDS = 5
/** Long enough for a first acknowledgement; a disk writes by itself after 5 s and more. */
const LEAST_WAIT_MS = 1_000
const FLUSHED = { 'log.flush.interval.messages': '1' }

export const brokerPower: Soak = async ({ seed, rounds = DEFAULT_ROUNDS }) => {
  const skipped = missingForPowerCut() ?? missingForKafka()
  if (skipped !== undefined) return { id: 'E8', skipped }
  const began = performance.now()
  const random = createRandom(seed)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const asItComes = { acknowledged: 0, lost: 0 }
  let acknowledged = 0
  let worst: string | undefined
  for (let round = 0; round < rounds; round++) {
    const waitMs = LEAST_WAIT_MS + random.int(1_500)
    const plain = await cutOnce({}, round, waitMs)
    asItComes.acknowledged += plain.acknowledged
    asItComes.lost += plain.lost
    const flushed = await cutOnce(FLUSHED, round, waitMs)
    acknowledged += flushed.acknowledged
    addUp(anomalies, { lost: flushed.lost, refused: flushed.acknowledged === 0 ? 1 : 0 })
    if (flushed.lost > 0) worst ??= `round ${round}: ${flushed.lost} lost after their flush`
    if (plain.isWarned && flushed.isWarned) continue
    addUp(anomalies, { refused: 1 })
    worst ??= `round ${round}: nothing was said of what one broker cannot promise`
  }
  const seconds = (performance.now() - began) / 1_000
  const controls = { caught: asItComes.lost > 0 ? 1 : 0, total: 1 }
  const facts = { id: 'E8', promise: 'P1', seed, rounds, acknowledged, anomalies, worst }
  return { ...facts, controls, seconds, more: { as_it_comes: asItComes } }
}

function cutOnce(
  properties: Readonly<Record<string, string>>,
  round: number,
  waitMs: number,
): Promise<Loss> {
  const peer = kafkaPeer(properties)
  return cutPeer<KafkaVictim, Loss>(peer, round, waitMs, async (folder, acknowledged, victim) => {
    const found = await peer.count(folder, acknowledged)
    const isWarned = /may be lost with one broker/.test(victim?.shortcomings.join() ?? '')
    return { acknowledged, lost: acknowledged - found, isWarned }
  })
}
