/**
 * Lists over real HTTP from a running app: S3 against a loop over `implicit` in one process without HTTP, S6 at half the
 * highest rate, S6-training while another model trains on the same cores.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeMatrix } from '../als-train/matrix.ts'
import type { Benchmark } from '../benchmark.ts'
import { openHttpLoad } from '../http-load.ts'
import { pythonPeer } from '../peers.ts'
import { startScript } from '../server-process.ts'
import { tailBesideTraining, tailOverHttp } from '../tail-over-http.ts'
import { CATALOGUE, pathOf } from './catalogue.ts'

const PEER = { implicit: '0.7.3', numpy: '2.4.6', scipy: '1.17.1' }
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const SCRIPT = here('implicit_peer.py')
const CLOSED = 32
/** Every user's history is folded in once, then found. */
const WARM_UP = 2 * CATALOGUE.rows
const CLOSED_MS = 10_000
/** Requests of one run of the peer; figures are lists a second. */
const REQUESTS = 20_000

const startServer = () => startScript(here('server-child.ts'))

export const overHttp: Benchmark = {
  id: 'S3',
  question: `How many lists a second from ${CATALOGUE.columns} items of 64 factors over HTTP, without what users know, against implicit.recommend in a loop?`,
  work: REQUESTS,
  unit: 'lists/s',
  floor: 1.5,
  async prepare() {
    const python = pythonPeer(PEER)
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
    const matrix = makeMatrix(CATALOGUE, 1)
    writeFileSync(join(folder, 'start.i32'), matrix.start)
    writeFileSync(join(folder, 'column.i32'), matrix.column)
    const server = await startServer()
    const load = await openHttpLoad({ port: server.port, connections: CLOSED, path: pathOf })
    await load.warmUp(WARM_UP)
    return {
      versions: PEER,
      ours: { run: async () => REQUESTS / (await load.closed(CLOSED_MS)) },
      peer: {
        async run() {
          const settings = [folder, CATALOGUE.rows, CATALOGUE.columns, REQUESTS].map(String)
          const out = execFileSync(python, [SCRIPT, ...settings])
          return (JSON.parse(out.toString()) as { seconds: number }).seconds
        },
      },
      async close() {
        load.close()
        await server.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

export const tailOfLists = tailOverHttp({
  id: 'S6',
  question:
    'Is p99 of a list, at half the highest rate and a constant arrival, at most three times p50 and at most 10 ms?',
  startServer,
  closed: CLOSED,
  pathOf,
})

export const tailWhileTraining = tailBesideTraining({
  id: 'S6-training',
  question:
    'Does p99 of a list at 200 requests/s stay below three times itself while a model trains?',
  startServer,
  pathOf,
})
