/**
 * Ten thousand requests with something wrong: bytes changed, removed, doubled, lengths that lie. None may end or stop the
 * broker, none may cost memory that is not given back; what was stored before stays as it was.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Metrics } from '../core/index.ts'
import { createRandom } from '../kernels/index.ts'
import { apis } from './apis/catalog.ts'
import { apiVersions } from './apis/api-versions.ts'
import { fetch } from './apis/fetch.ts'
import { joinGroup } from './apis/join-group.ts'
import { metadata } from './apis/metadata.ts'
import { offsetCommit } from './apis/offset-commit.ts'
import { produce } from './apis/produce.ts'
import { makeBrokerWorld } from './broker-world.testing.ts'
import { batchOf, valuesIn } from './record-batch.testing.ts'
import {
  fetchOne,
  fetchRequest,
  joinRequest,
  metadataRequest,
  produceOne,
  produceRequest,
} from './requests.testing.ts'
import { frameRequest, type WireClient } from './wire-client.testing.ts'

const FRAMES = 10_000
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const MIB = 1024 * 1024
const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }

/** Whole requests of the kinds with the most to get wrong, and an empty one of every API and version. */
function samples(): Buffer[] {
  const commit = {
    groupId: 'g',
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [
      {
        name: 'u',
        partitions: [
          {
            partitionIndex: 0,
            committedOffset: 1,
            committedLeaderEpoch: -1,
            committedMetadata: 'm',
          },
        ],
      },
    ],
  }
  const gzip = batchOf(['a', 'b', 'c'], { gzip: true, producerId: 5, epoch: 0, sequence: 0 })
  const made = [
    frameRequest(apiVersions.spec, 3, 1, software),
    frameRequest(metadata.spec, 4, 1, metadataRequest(['u', 't'])),
    frameRequest(metadata.spec, 9, 1, metadataRequest(['u', 't'])),
    ...[3, 7, 9].map((version) =>
      frameRequest(
        produce.spec,
        version,
        1,
        produceRequest([batchOf(['x', 'y']), gzip], { topic: 'u' }),
      ),
    ),
    ...[4, 11, 12].map((version) => frameRequest(fetch.spec, version, 1, fetchRequest(0))),
    ...[0, 5, 6].map((version) => frameRequest(joinGroup.spec, version, 1, joinRequest(''))),
    ...[2, 7, 8].map((version) => frameRequest(offsetCommit.spec, version, 1, commit)),
  ].map((frame) => Buffer.from(frame))
  const bare = apis.flatMap(({ key, versions: [min, max] }) =>
    Array.from({ length: max - min + 2 }, (_, step) => {
      const frame = Buffer.alloc(40)
      frame.writeInt32BE(36, 0)
      frame.writeInt16BE(key, 4)
      frame.writeInt16BE(min + step, 6)
      return frame
    }),
  )
  return [...made, ...bare]
}

test(`B8, B9: 10,000 damaged requests: no end, no stop, no growth (seed ${SEED})`, async () => {
  const random = createRandom(SEED)
  const below = (limit: number): number => random.int(limit)
  const mutate = (sample: Buffer): Buffer => {
    let frame = Buffer.from(sample)
    const changes = 1 + below(4)
    for (let change = 0; change < changes; change++) {
      const at = 4 + below(frame.length - 4)
      const kind = below(5)
      if (kind === 0) frame[at] = below(256)
      else if (kind === 1) frame[at]! ^= 1 << below(8)
      else if (kind === 2) frame = frame.subarray(0, Math.max(12, at))
      else if (kind === 3) frame = Buffer.concat([frame, frame.subarray(at)])
      else frame.fill(below(2) * 255, at, Math.min(frame.length, at + 1 + below(8)))
    }
    // Mostly the length is right, so that what is inside is looked at.
    if (below(50) > 0) frame.writeInt32BE(frame.length - 4, 0)
    return frame
  }

  const seen = { connections: 0, answered: 0 }
  const metrics: Metrics = {
    record(name, _labels, value) {
      if (name === 'broker_connections') seen.connections = value
      if (name === 'broker_request_duration_seconds') seen.answered++
    },
  }
  const limits = { stallMs: 500, topics: 50 }
  await using world = await makeBrokerWorld({ metrics, limits })
  await world.log.createTopic({ name: 't' })
  const steady = await world.connect()
  await produceOne(steady, batchOf(['kept']))
  const all = samples()
  let client: WireClient | undefined
  let heapBefore = 0
  for (let sent = 0; sent < FRAMES; sent++) {
    client ??= await world.connect()
    client.write(mutate(all[below(all.length)]!))
    // Mostly one request to a connection: a damaged one ends it, and what follows is not looked at.
    if (below(4) > 0) {
      client.finish()
      client = undefined
    }
    if (sent % 500 === 499) {
      expect((await steady.call(apiVersions, 0, software)).errorCode).toBe(0)
    }
    if (sent === FRAMES / 5) heapBefore = heapBytes()
  }
  client?.finish()
  while (seen.connections > 1) await new Promise((resolve) => setImmediate(resolve))
  const refused = world.lines.filter((line) => line.includes('connection of a Kafka client'))
  expect(seen.answered + refused.length).toBeGreaterThan(FRAMES / 2)
  const { records } = await fetchOne(steady, 0)
  expect(valuesIn(records)[0]).toBe('0=kept')
  expect(heapBytes()).toBeLessThan(heapBefore + 16 * MIB)
  expect(world.lines.filter((line) => line.startsWith('a request failed'))).toEqual([])
})

/** After a full collection: what is reachable. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
