/**
 * I1: one event a request, 64 connections, each answer after the event is durable, against Fastify with the same schema that
 * stores nothing. I2: a thousand events a request as lines, validated and durable, against Fastify that splits and parses them.
 * The sender is a third process on the same cores, the same for both.
 */
import { join } from 'node:path'
import { startInstance } from '../../test/e2e/instance.ts'
import { root } from '../../test/house/sources.ts'
import type { Benchmark } from '../benchmark.ts'
import { openHttpLoad } from '../http-load.ts'
import { eventAt } from '../lake-rows.ts'
import { makeWorkplace } from '../log-records.ts'
import { startScript } from '../server-process.ts'
import { BARE_FASTIFY } from './bare-fastify.ts'

interface Kind {
  readonly contentType: string
  readonly requests: number
  readonly connections: number
  readonly events: number
  readonly peerPath: string
}

const SINGLE: Kind = {
  contentType: 'application/json',
  requests: 30_000,
  connections: 64,
  events: 1,
  peerPath: '/event',
}
const LINES: Kind = {
  contentType: 'application/x-ndjson',
  requests: 200,
  connections: 8,
  events: 1_000,
  peerPath: '/events',
}

/** A hundred bodies, again and again: making them is no part of the work. */
function bodiesOf({ events }: Kind): (index: number) => Buffer {
  const bodies = Array.from({ length: 100 }, (_, at) =>
    Buffer.from(
      Array.from({ length: events }, (__, of) => JSON.stringify(eventAt(at * events + of))).join(
        '\n',
      ),
    ),
  )
  return (index) => bodies[index % bodies.length]!
}

const httpIngest = (id: string, question: string, floor: number, kind: Kind): Benchmark => ({
  id,
  question,
  work: kind.requests * kind.events,
  unit: 'events/s',
  floor,
  async prepare() {
    const workplace = await makeWorkplace()
    const instance = await startInstance({
      dataDir: join(workplace.dir, 'data'),
      app: join(root, 'test/fixtures/http-ingest/app.ts'),
    })
    const peer = await startScript(BARE_FASTIFY)
    const { contentType, connections } = kind
    const requests = { contentType, connections, body: bodiesOf(kind) }
    const [ours, bare] = [
      await openHttpLoad({
        ...requests,
        port: Number(new URL(instance.url).port),
        path: '/v1/topics/events/events',
      }),
      await openHttpLoad({ ...requests, port: peer.port, path: kind.peerPath }),
    ]
    return {
      versions: { node: process.version },
      ours: { run: () => ours.count(kind.requests) },
      peer: { run: () => bare.count(kind.requests) },
      async close() {
        ours.close()
        bare.close()
        await peer.close()
        await instance.stop()
        await workplace.close()
      },
    }
  },
})

export const httpIngestBenchmarks = {
  I1: httpIngest(
    'I1',
    'How many events a second, one durable event a request, against bare Fastify that stores nothing?',
    0.7,
    SINGLE,
  ),
  I2: httpIngest(
    'I2',
    'How many durable events a second, a thousand a request, against Fastify that splits and parses?',
    1.5,
    LINES,
  ),
}
