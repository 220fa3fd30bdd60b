/**
 * One row at a time over real HTTP from an app with 100 boosted trees: C3-row against scikit-learn behind an HTTP server,
 * S6-trees at half the highest rate.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from '../benchmark.ts'
import { openHttpLoad, quantile } from '../http-load.ts'
import { LEARNER_PEERS } from '../learner-peer.ts'
import { makeRows, writeRows } from '../made-rows.ts'
import { pythonPeer } from '../peers.ts'
import { startChild } from '../recommendations/server.ts'
import { bodies, COLUMNS } from './shape.ts'

const SERVER = fileURLToPath(new URL('tree-server-child.ts', import.meta.url))
const PEER = fileURLToPath(new URL('row_peer.py', import.meta.url))
const PATH = '/v1/models/stay/predict'
/** As many at once as are let in without a line. */
const CLOSED = 8
const OPEN = 256
const RUN_MS = 5_000
const REQUESTS = 20_000

const startServer = () => startChild(process.execPath, ['--import', 'tsx', SERVER])

export const rowOverHttp: Benchmark = {
  id: 'C3-row',
  question:
    'How many rows a second, one a request over HTTP, do 100 boosted trees answer, against scikit-learn behind an HTTP server?',
  work: REQUESTS,
  unit: 'rows/s',
  floor: 10,
  async prepare() {
    const python = pythonPeer(LEARNER_PEERS)
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
    writeRows(folder, 'train', makeRows(20_000, COLUMNS, 1))
    const rows = bodies()
    const bodyOf = (request: number): string => rows[request % rows.length]!
    const [ours, peer] = [
      await startServer(),
      await startChild(python, [PEER, folder, String(COLUMNS)]),
    ]
    const ourLoad = await openHttpLoad(ours.port, CLOSED, () => PATH, bodyOf)
    const peerLoad = await openHttpLoad(peer.port, CLOSED, () => '/', bodyOf)
    for (const load of [ourLoad, peerLoad]) await load.closed(1_000)
    return {
      versions: LEARNER_PEERS,
      ours: { run: async () => REQUESTS / (await ourLoad.closed(RUN_MS)) },
      peer: { run: async () => REQUESTS / (await peerLoad.closed(RUN_MS)) },
      async close() {
        ourLoad.close()
        peerLoad.close()
        await ours.close()
        await peer.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

export const tailOfTrees: Benchmark = {
  id: 'S6-trees',
  question:
    'Is p99 of a row by 100 boosted trees, at half the highest rate and a constant arrival, at most three times p50 and at most 10 ms?',
  work: 1,
  unit: '1/s',
  floor: 1,
  once: true,
  async prepare() {
    const server = await startServer()
    const rows = bodies()
    const bodyOf = (request: number): string => rows[request % rows.length]!
    const closed = await openHttpLoad(server.port, CLOSED, () => PATH, bodyOf)
    const open = await openHttpLoad(server.port, OPEN, () => PATH, bodyOf)
    await closed.closed(3_000)
    const rate = (await closed.closed(3_000)) / 2
    let latencies: Float64Array = new Float64Array(0)
    const ms = (share: number): number => Number(quantile(latencies, share).toFixed(2))
    return {
      versions: {},
      ours: {
        async run() {
          latencies = await open.open(rate, 2 * RUN_MS)
          return quantile(latencies, 0.99) / 1_000
        },
      },
      peer: { run: async () => Math.min(3 * quantile(latencies, 0.5), 10) / 1_000 },
      figures: () => ({ rate: Math.round(rate), p50Ms: ms(0.5), p99Ms: ms(0.99), mostMs: ms(1) }),
      async close() {
        closed.close()
        open.close()
        await server.close()
      },
    }
  },
}
