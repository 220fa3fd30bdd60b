/** H15, H16, H18: files that are brought in, files of models, and patterns. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isMillraceError } from '../../../src/core/index.ts'
import { openDataFolder } from '../../../src/ingest/index.ts'
import { openFileSource } from '../../../src/ingest/sources/open-source.ts'
import { createRandom } from '../../../src/kernels/index.ts'
import { decodeArtifact, encodeArtifact, type Artifact } from '../../../src/models/index.ts'
import { openHostileWorld, type HostileWorld } from './world.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const MIB = 1024 * 1024
const GOOD = '{"id":"good"}'

let world: HostileWorld
beforeAll(async () => {
  world = await openHostileWorld()
  mkdirSync(world.file('made'))
})
afterAll(() => world.stop())

const made = (name: string): string => world.file(`made/${name}`)
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isMillraceError(error) ? error.code : String(error)),
  )
const rssOf = async (run: () => Promise<unknown>): Promise<number> => {
  const before = process.memoryUsage.rss()
  await run()
  return (process.memoryUsage.rss() - before) / MIB
}

describe('H15: files', () => {
  const columns = [{ name: 'id', type: 'text', nullable: false }] as const

  test('an endless quote, a line of megabytes, a million columns: one letter, and memory stays', async () => {
    const grew = await rssOf(async () => {
      const quote = await world.importFile('quote.csv', `id,note\na,x\nb,"${'x'.repeat(20 * MIB)}`)
      expect([quote.accepted, quote.letters.length]).toEqual([1, 1])
      const line = await world.importFile(
        'line.jsonl',
        `${GOOD}\n${'x'.repeat(20 * MIB)}\n${GOOD}\n`,
      )
      expect([line.accepted, line.letters.length]).toEqual([2, 1])
    })
    expect(grew).toBeLessThan(256)
    const wide = `${Array.from({ length: 150_000 }, (_, at) => `c${at}`).join()}\n1\n`
    writeFileSync(made('wide.csv'), `${wide}${wide}`)
    expect(await codeOf(openFileSource(made('wide.csv'), { columns }))).toMatch(
      /^(INGEST_|no error)/,
    )
  })

  test('NUL, mixed ends of lines, ragged rows and other delimiters are letters or rows, never a failure', async () => {
    const text = 'id,note\r\na,1\nb,2\rc\u0000,3\r\nd\n"e","f","g"\n\n,\nid;note\n"h",ok\n'
    const { accepted, letters } = await world.importFile('mixed.csv', text)
    expect(accepted).toBeGreaterThan(1)
    expect(letters.length).toBeGreaterThan(1)
    for (const { headers } of letters) expect(headers.length).toBeGreaterThan(0)
  })

  test('an empty file has no rows', async () => {
    writeFileSync(made('empty.csv'), '')
    writeFileSync(made('empty.jsonl'), '')
    for (const name of ['empty.csv', 'empty.jsonl']) {
      expect(await codeOf(openFileSource(made(name), { columns })), name).toMatch(
        /^(INGEST_|no error)/,
      )
    }
    expect((await world.importFile('none.jsonl', '')).accepted).toBe(0)
  })

  test('a folder, a FIFO, a device, a file that is not there are refused at once', async () => {
    mkdirSync(made('folder.csv'))
    execFileSync('mkfifo', [made('fifo.csv')])
    const began = performance.now()
    for (const path of [
      made('folder.csv'),
      made('fifo.csv'),
      '/dev/zero',
      '/dev/stdin',
      made('missing.csv'),
      '/proc/self/mem',
    ]) {
      const code = await codeOf(openFileSource(path, { columns, format: 'csv' }))
      expect(code, path).toMatch(/^INGEST_/)
    }
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  test('a link out of a data folder is not followed', async () => {
    mkdirSync(made('data'))
    symlinkSync('/etc/passwd', made('data/ratings.csv'))
    const code = await codeOf(
      openDataFolder(made('data')).then((folder) => folder.find('ratings.csv')),
    )
    expect(code).toMatch(/^INGEST_/)
  })

  test('a file that grows or is replaced while it is read ends with an error that says so', async () => {
    const path = made('moving.jsonl')
    writeFileSync(path, `${GOOD}\n`.repeat(200_000))
    const source = await openFileSource(path, {})
    const read = async (): Promise<void> => {
      for await (const _events of source.events(1)) appendFileSync(path, `${GOOD}\n`)
    }
    expect(await codeOf(read())).toBe('INGEST_SOURCE_CHANGED')
    rmSync(path)
    writeFileSync(path, `${GOOD}\n`)
    expect(await codeOf(read())).toBe('INGEST_SOURCE_CHANGED')
  })

  test('a bomb in gzip ends as a line that is too long, and memory stays', async () => {
    const bomb = Buffer.concat([
      gzipSync(`${GOOD}\n`),
      ...Array.from({ length: 4 }, () => gzipSync(Buffer.alloc(64 * MIB, ' '))),
    ])
    const grew = await rssOf(async () => {
      const { accepted } = await world.importFile('bomb.jsonl.gz', bomb)
      expect(accepted).toBeLessThanOrEqual(1)
    })
    expect(grew).toBeLessThan(256)
  })
})

describe(`H16: files of models (seed ${SEED})`, () => {
  const artifact: Artifact = {
    kind: 'ridge',
    task: 'regressor',
    format: 1,
    params: { regularization: 1 },
    facts: { intercept: 0.3, features: ['a', 'b'], categories: [] },
    tensors: {
      mean: { shape: [2], data: Float64Array.of(1, -2.5) },
      deviation: { shape: [2], data: Float64Array.of(1, 3) },
      coefficients: { shape: [2], data: Float64Array.of(0.5, 5) },
    },
  }
  const filesOf = (): Map<string, Uint8Array> =>
    new Map(
      [...encodeArtifact(artifact).files].map(([name, bytes]) => [name, Uint8Array.from(bytes)]),
    )
  /** Refused with a reason, or read whole: the digest of the registry tells a changed number. */
  const outcome = (files: Map<string, Uint8Array>): string => {
    try {
      decodeArtifact(files)
      return 'read'
    } catch (error) {
      if (isMillraceError(error, 'MODEL_ARTIFACT_INVALID')) return 'refused'
      throw error
    }
  }

  test('cuts, flips and rubbish are refused or read, and nothing of their size is taken', async () => {
    const random = createRandom(SEED)
    const grew = await rssOf(() => {
      for (const name of filesOf().keys()) {
        for (let round = 0; round < 300; round++) {
          const files = filesOf()
          const bytes = files.get(name)!
          const at = random.int(bytes.length)
          if (round % 3 === 0) files.set(name, bytes.subarray(0, at))
          else if (round % 3 === 1) bytes[at]! ^= 1 << random.int(8)
          else
            files.set(
              name,
              Uint8Array.from({ length: 64 }, () => random.int(256)),
            )
          const found = outcome(files)
          if (round % 3 !== 1) expect(found, `${name} ${round}`).toBe('refused')
        }
      }
      return Promise.resolve()
    })
    expect(grew).toBeLessThan(64)
  })

  test('a length of 2^40, a shape of 2^40 and an overlap are refused before anything is allocated', () => {
    const tensors = 'tensors.safetensors'
    const header = (text: string): Uint8Array => {
      const bytes = Buffer.from(text)
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(bytes.length))
      return Buffer.concat([length, bytes, Buffer.alloc(64)])
    }
    const huge = Buffer.alloc(16)
    huge.writeBigUInt64LE(2n ** 40n)
    const headers = [
      huge,
      header(`{"mean":{"dtype":"F64","shape":[${2 ** 40}],"data_offsets":[0,${2 ** 43}]}}`),
      header('{"mean":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"deviation":{"dtype":"F64","shape":[2],"data_offsets":[8,24]}}'),
      header('{"mean":{"dtype":"F64","shape":[-2],"data_offsets":[0,16]}}'),
      header('{"mean":{"dtype":"F64","shape":[2],"data_offsets":[16,0]}}'),
      header('{"__proto__":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}'),
      header('['.repeat(100_000)),
    ] // prettier-ignore
    for (const bytes of headers) {
      expect(
        outcome(filesOf().set(tensors, bytes)),
        Buffer.from(bytes).toString('latin1', 8, 60),
      ).toBe('refused')
    }
  })
})

describe('H18: patterns', () => {
  test('nested quantifiers cost no more than their text, wherever a text is matched', async () => {
    const evil = `${'a'.repeat(50_000)}!`
    const texts = [
      evil,
      `${' '.repeat(50_000)}x`,
      '1'.repeat(50_000),
      `${'-'.repeat(50_000)}T`,
      '0'.repeat(50_000),
      'a.'.repeat(30_000),
      `2020-01-01T00:00:00.${'1'.repeat(50_000)}x`,
    ]
    for (const text of texts) {
      for (const field of ['id', 'note', 'at', 'big']) {
        const { status } = await world.sendWatched(
          '/v1/topics/things/events',
          JSON.stringify({ id: 'a', [field]: text }),
        )
        expect([202, 422]).toContain(status)
      }
      const long = encodeURIComponent(text.slice(0, 4_000))
      for (const url of [
        `/v1/topics/things/records?offset=${long}`,
        `/v1/topics/${long.slice(0, 900)}`,
      ]) {
        expect([400, 404, 414, 422]).toContain(
          (await world.sendWatched(url, undefined, {}, 'GET')).status,
        )
      }
      for (const header of [
        'host',
        'origin',
        'x-request-id',
        'content-type',
        'ce-time',
        'traceparent',
      ]) {
        const answer = await world.sendWatched('/v1/topics/things/events', GOOD, {
          [header]: text.slice(0, 8_000),
        })
        expect(answer.status).toBeLessThan(500)
      }
    }
  })
})
