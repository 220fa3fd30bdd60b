/**
 * One row at a time over real HTTP from an app with 100 boosted trees: C3-row against scikit-learn behind an HTTP server,
 * S6-trees at half the highest rate, S6-trees-training while more trees are trained on the same cores.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from '../benchmark.ts'
import { openHttpLoad } from '../http-load.ts'
import { LEARNER_PEERS } from '../learner-peer.ts'
import { makeRows, writeRows } from '../made-rows.ts'
import { pythonPeer } from '../peers.ts'
import { startProcess, startScript } from '../server-process.ts'
import { tailBesideTraining, tailOverHttp } from '../tail-over-http.ts'
import { bodyOf, COLUMNS } from './shape.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const PEER = here('row_peer.py')
const PATH = '/v1/models/stay/predict'
/** As many at once as are let in without a line. */
const CLOSED = 8
const RUN_MS = 5_000
const REQUESTS = 20_000

const startServer = () => startScript(here('tree-server-child.ts'))

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
    const [ours, peer] = [
      await startServer(),
      await startProcess(python, [PEER, folder, String(COLUMNS)]),
    ]
    const load = (port: number, path: string) =>
      openHttpLoad({ port, connections: CLOSED, path, body: bodyOf })
    const ourLoad = await load(ours.port, PATH)
    const peerLoad = await load(peer.port, '/')
    for (const one of [ourLoad, peerLoad]) await one.closed(1_000)
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

export const tailOfTrees = tailOverHttp({
  id: 'S6-trees',
  question:
    'Is p99 of a row by 100 boosted trees, at half the highest rate and a constant arrival, at most three times p50 and at most 10 ms?',
  startServer,
  closed: CLOSED,
  pathOf: () => PATH,
  bodyOf,
})

export const tailOfTreesWhileTraining = tailBesideTraining({
  id: 'S6-trees-training',
  question:
    'Does p99 of a row by 100 boosted trees at 200 requests/s stay below three times itself while boosted trees are trained?',
  startServer,
  pathOf: () => PATH,
  bodyOf,
})
