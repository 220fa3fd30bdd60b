/** A real app with one strict topic, its REST server, and what every hostile case must leave as it was. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { z } from 'zod'
import { buildServer } from '../../../src/api/index.ts'
import { defineApp, startApp, topic, type RunningApp } from '../../../src/app/index.ts'
import type { LogRecord } from '../../../src/core/index.ts'
import { openFileSource } from '../../../src/ingest/sources/open-source.ts'

const hostileApp = defineApp({
  name: 'hostile',
  topics: {
    things: topic({
      key: 'id',
      eventTime: 'at',
      batch: { rows: 1_000_000 },
      schema: z.object({
        id: z.string(),
        n: z.int().optional(),
        x: z.number().optional(),
        big: z.int64().optional(),
        flag: z.boolean().optional(),
        at: z.number().optional(),
        note: z.string().optional(),
      }),
    }),
    dated: topic({
      key: 'id',
      eventTime: 'at',
      batch: { rows: 1_000_000 },
      schema: z.object({ id: z.string(), at: z.date() }),
    }),
  },
})

/** Longest stretch in which nothing else could run, milliseconds. */
export const MOST_BLOCKED_MS = 50
/** A shared machine takes the processor away now and then: a stretch is too long when it is so each time. */
const TRIES = 4

export interface Answered {
  readonly status: number
  readonly code: string
  readonly payload: string
  readonly headers: LightMyRequestResponse['headers']
}

export interface HostileWorld {
  readonly app: RunningApp
  readonly server: FastifyInstance
  /** A file's name in the folder of the world. */
  file(name: string): string
  send(
    url: string,
    body?: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
    method?: 'GET' | 'POST' | 'PUT' | 'DELETE',
  ): Promise<Answered>
  /** As `send`, and checks that nothing was held up for longer than `MOST_BLOCKED_MS`. */
  sendWatched: HostileWorld['send']
  /** Brings a file in as `millrace import` does; what became of its rows. */
  importFile(
    name: string,
    bytes: string | Uint8Array,
  ): Promise<{ accepted: number; letters: LogRecord[] }>
  records(topic?: string): Promise<LogRecord[]>
  /** Ends of all topics that hold events, as one text: equal when nothing was stored. */
  ends(): Promise<string>
  stop(): Promise<void>
}

export async function openHostileWorld(): Promise<HostileWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-hostile-'))
  const app = await startApp(hostileApp, { dataDir: join(dir, 'data'), training: false })
  const server = buildServer(app)
  let files = 0

  const send: HostileWorld['send'] = async (url, body, headers = {}, method = 'POST') => {
    const response = await server.inject({
      method,
      url,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : Buffer.from(body) }),
    })
    const isProblem = String(response.headers['content-type']).startsWith(
      'application/problem+json',
    )
    const { code = '' } = isProblem ? response.json<{ code?: string }>() : {}
    return {
      status: response.statusCode,
      code,
      payload: response.payload,
      headers: response.headers,
    }
  }
  const records = async (name = 'things'): Promise<LogRecord[]> => {
    const known = (await app.log.topics()).find((one) => one.name === name)
    const found: LogRecord[] = []
    for (const { partition, earliest } of known?.partitions ?? []) {
      for await (const batch of app.log.read(name, partition, earliest))
        found.push(...batch.records)
    }
    return found
  }
  return {
    app,
    server,
    send,
    records,
    file: (name) => join(dir, name),
    async sendWatched(...request) {
      let answer: Answered | undefined
      let blockedMs = Infinity
      for (let tries = 0; tries < TRIES && blockedMs > MOST_BLOCKED_MS; tries++) {
        const watch = watchLoop()
        answer = await send(...request)
        blockedMs = Math.min(blockedMs, watch.longestMs())
      }
      if (answer === undefined || blockedMs > MOST_BLOCKED_MS) {
        throw new Error(`nothing else could run for ${Math.round(blockedMs)} ms`)
      }
      return answer
    },
    async importFile(name, bytes) {
      // Another name each time: a file that was brought in under a name is not brought in again.
      const folder = join(dir, `files-${++files}`)
      await mkdir(folder)
      const path = join(folder, `${files}-${name}`)
      await writeFile(path, bytes)
      const before = (await records('things.dead-letters')).length
      const { columns, schema } = app.ingest.contract('things') ?? {}
      const options = { ...(columns && { columns }), ...(schema && { schema }) }
      const source = await openFileSource(path, options)
      const { accepted } = await app.ingest.replay({ topic: 'things', source }).done
      return { accepted, letters: (await records('things.dead-letters')).slice(before) }
    },
    async ends() {
      const topics = await app.log.topics()
      const kept = topics.filter(({ name }) => !name.startsWith('__millrace-'))
      return kept
        .map(({ name, partitions }) => `${name} ${partitions.map(({ end }) => end).join()}`)
        .toSorted()
        .join('\n')
    },
    async stop() {
      await server.close()
      await app.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** The longest stretch, as far as this process worked in it: on a shared machine others have the processor meanwhile. */
function watchLoop(): { longestMs(): number } {
  let longest = 0
  let last = performance.now()
  let usage = process.cpuUsage()
  let isOn = true
  const measure = (): void => {
    const now = performance.now()
    const { user, system } = process.cpuUsage(usage)
    longest = Math.max(longest, Math.min(now - last, (user + system) / 1_000))
    last = now
    usage = process.cpuUsage()
  }
  const look = (): void => {
    if (performance.now() - last > 5) measure()
    else {
      last = performance.now()
      usage = process.cpuUsage()
    }
    if (isOn) setImmediate(look)
  }
  setImmediate(look)
  return {
    longestMs() {
      isOn = false
      measure()
      return longest
    },
  }
}
