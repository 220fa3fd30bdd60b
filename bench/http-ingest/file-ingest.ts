/**
 * I3: a file of events into log and lake, each row of it checked and durable, against DuckDB's own reading of the same file into
 * a table in memory. I4-produce: `millrace produce` of a packed file at no pace into the example `sparkify`, which folds features
 * and trains meanwhile (S2.1 of the features: more than 20,000 a second), against a script that only unpacks and splits the file,
 * and bare Fastify that only parses what comes and stores nothing.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import { openGenerator } from '../../src/ingest/index.ts'
import { postJson, startInstance, type Instance } from '../../test/e2e/instance.ts'
import { root } from '../../test/house/sources.ts'
import type { Benchmark, Side } from '../benchmark.ts'
import { lakeVersions, openDuckDb, timed } from '../lake-rows.ts'
import { makeWorkplace } from '../log-records.ts'
import { startScript } from '../server-process.ts'
import { BARE_FASTIFY, BARE_SENDER } from './bare-fastify.ts'

/** As many as the smaller edition of the data set that the example follows. */
const EVENTS = Number(process.env['MILLRACE_BENCH_EVENTS'] ?? 286_500)
/** More than enough for so many events. */
const USERS = 1_000
const MAIN = join(root, 'dist/cli/main.js')
const run = promisify(execFile)

/** Events of a made-up music service, in order of their times. */
async function writeEvents(file: string, isPacked: boolean): Promise<void> {
  const { source } = await openGenerator('sparkify', { seed: 1, users: USERS })
  const out = createWriteStream(file)
  const pack = isPacked ? createGzip() : undefined
  pack?.pipe(out)
  const into = pack ?? out
  let left = EVENTS
  for await (const events of source.events(1)) {
    const some = events.slice(0, left)
    left -= some.length
    if (!into.write(some.map(({ bytes }) => `${Buffer.from(bytes).toString()}\n`).join(''))) {
      await once(into, 'drain')
    }
    if (left === 0) break
  }
  into.end()
  await once(out, 'close')
  if (left > 0) throw new Error(`${USERS} users make ${left} events too few`)
}

type PeerOf = (file: string, dir: string) => Promise<Side & { close(): Promise<void> }>

interface Kind {
  readonly app: string
  readonly isPacked: boolean
  /** Part of the time is that everything is in the lake. */
  readonly isFlushed: boolean
  readonly peerOf: PeerOf
}

/** Seconds until the command says that all events are stored. */
const produce = (file: string, { url }: Instance, isFlushed: boolean): Promise<number> =>
  timed(async () => {
    const args = [MAIN, 'produce', file, '--topic', 'sparkify', '--interval', '0']
    await run(process.execPath, [...args, '--url', url])
    if (isFlushed) await postJson(url, '/v1/flush', {})
  })

const fileIngest = (
  facts: Pick<Benchmark, 'id' | 'question' | 'floor'>,
  { app, isPacked, isFlushed, peerOf }: Kind,
): Benchmark => ({
  ...facts,
  work: EVENTS,
  unit: 'events/s',
  async prepare() {
    const workplace = await makeWorkplace()
    const { dir } = workplace
    const file = join(dir, isPacked ? 'events.ndjson.gz' : 'events.ndjson')
    await writeEvents(file, isPacked)
    const peer = await peerOf(file, dir)
    let runs = 0
    return {
      versions: await lakeVersions(),
      ours: {
        /** Each time into an app of its own: models that learn from more and more rows would be other work. */
        async run() {
          const dataDir = join(dir, `data-${++runs}`)
          const instance = await startInstance({
            dataDir,
            app: join(root, app),
            args: ['--no-sources'],
          })
          try {
            const seconds = await produce(file, instance, isFlushed)
            // What the lake still writes is not to be part of the peer's time.
            await postJson(instance.url, '/v1/flush', {})
            return seconds
          } finally {
            await instance.stop()
            await rm(dataDir, { recursive: true, force: true })
          }
        },
      },
      peer,
      async close() {
        await peer.close()
        await workplace.close()
      },
    }
  },
})

const duckDbPeer: PeerOf = async (file) => ({
  async run() {
    const duckDb = await openDuckDb()
    try {
      const read = `CREATE TABLE events AS SELECT * FROM read_json('${file}', format = 'newline_delimited')`
      return await timed(() => duckDb.connection.run(read))
    } finally {
      duckDb.close()
    }
  },
  close: async () => {},
})

const barePeer: PeerOf = async (file) => {
  const server = await startScript(BARE_FASTIFY)
  const args = ['--import', 'tsx', BARE_SENDER, file, String(server.port)]
  return {
    run: () => timed(() => run(process.execPath, args)),
    close: () => server.close(),
  }
}

export const fileIngestBenchmarks = {
  I3: fileIngest(
    {
      id: 'I3',
      question:
        'How many events a second of a file into log and lake, against DuckDB that reads it into memory?',
      floor: 0.5,
    },
    {
      app: 'test/fixtures/file-ingest/app.ts',
      isPacked: false,
      isFlushed: true,
      peerOf: duckDbPeer,
    },
  ),
  'I4-produce': fileIngest(
    {
      id: 'I4-produce',
      question:
        'How many events a second does `produce --interval 0` store of a packed file in the example `sparkify`, against unpacking it and parsing it in bare Fastify?',
      floor: 0.2,
    },
    { app: 'examples/sparkify/app.ts', isPacked: true, isFlushed: false, peerOf: barePeer },
  ),
}
