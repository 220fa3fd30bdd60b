/**
 * Dockerfile and compose.yaml: linted, and their commands run as they stand, without Docker: entry point, environment, health
 * check, and the two services that say and hear hello.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DCLinter } from 'dclint'
import { validate } from 'dockerfile-utils'
import { afterAll, describe, it } from 'vitest'
import { parse } from 'yaml'
import { root } from '../house/sources.ts'
import { until } from './instance.ts'

/** What the linter answers; its own types do not resolve. */
interface Found {
  readonly messages: readonly { readonly rule: string; readonly message: string }[]
}

interface Service {
  readonly image?: string
  readonly profiles: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
}

const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const { services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true }) as {
  services: Readonly<Record<string, Service>>
}
const lines = dockerfile.replaceAll('\\\n', ' ').split('\n')
/** The last instruction of that name, without it. */
const instruction = (name: string): string =>
  lines.findLast((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? ''

describe('Dockerfile', () => {
  it('has no fault, a base with a version, a user without rights and a health check', () => {
    assert.deepEqual(validate(dockerfile), [])
    for (const from of lines.filter((line) => line.startsWith('FROM '))) {
      assert.match(from, /^FROM node:\d+\.\d+\.\d+-/)
    }
    assert.equal(instruction('USER'), 'node')
    assert.match(instruction('HEALTHCHECK'), /\/readyz/)
  })
})

describe('compose.yaml', () => {
  it('is what the Compose specification says, publishes on this machine only, and names versions', () => {
    const linter = new DCLinter({
      rules: {
        // Two profiles take the same ports, and never run together.
        'no-duplicate-exported-ports': 0,
        // An order for readers: first what a service is, then what it needs.
        'service-keys-order': 0,
        'services-alphabetical-order': 0,
        'top-level-properties-order': 0,
        'require-quotes-in-ports': [1, { quoteType: 'single' }],
      },
      quiet: false,
      debug: false,
      exclude: [],
    })
    const found: readonly Found[] = linter.lintFiles([join(root, 'compose.yaml')], false)
    assert.deepEqual(
      found.flatMap(({ messages }) => messages.map(({ rule, message }) => `${rule}: ${message}`)),
      [],
    )
    for (const { ports = [], image } of Object.values(services)) {
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:/)
      assert.doesNotMatch(image ?? '', /:latest$|^[^:]+$/)
    }
  })

  it('runs Millrace alone, or Kafka as kafka:29092 inside and localhost:9092 outside', () => {
    const inProfile = (profile: string): string[] =>
      Object.keys(services).filter((name) => services[name]?.profiles.includes(profile))
    assert.deepEqual(inProfile('alone'), ['millrace', 'hello-producer', 'hello-consumer'])
    assert.equal(inProfile('kafka').length + 3, Object.keys(services).length)
    assert.match(readFileSync(join(root, '.env'), 'utf8'), /^COMPOSE_PROFILES=alone$/m)
    const kafka = services['kafka']
    assert.match(kafka?.image ?? '', /^apache\/kafka:\d/)
    assert.equal(
      kafka?.environment?.['KAFKA_ADVERTISED_LISTENERS'],
      'INSIDE://kafka:29092,HOST://localhost:9092',
    )
    assert.deepEqual(kafka?.ports, ['127.0.0.1:9092:9092'])
    const { MILLRACE_LOG: log } = services['millrace-on-kafka']?.environment ?? {}
    assert.equal(log, 'kafka://kafka:29092')
  })
})

describe('the entry point, without Docker', () => {
  const running: ChildProcess[] = []
  let dataDir: string | undefined
  const outputs = new Map<ChildProcess, string>()

  afterAll(async () => {
    for (const child of running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true })
  })

  const start = (args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess => {
    const child = spawn(process.execPath, args, {
      cwd: join(root, 'examples/streaming-ml'),
      env: { ...process.env, ...env },
    })
    running.push(child)
    outputs.set(child, '')
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) =>
        outputs.set(child, `${outputs.get(child)}${text.toString()}`),
      )
    }
    return child
  }

  it('S3.1, S3.3: is healthy by its own check, and one service hears what the other says', async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-container-'))
    const [http, inside, host] = [await freePort(), await freePort(), await freePort()]
    /** What Docker would give: names of services, and ports of their own. */
    const here = (text: string): string =>
      text
        .replaceAll('http://millrace:8080', `http://127.0.0.1:${http}`)
        .replaceAll(/(?:millrace|0\.0\.0\.0):29092/g, `127.0.0.1:${inside}`)
        .replaceAll(/(?:localhost|0\.0\.0\.0):9092/g, `127.0.0.1:${host}`)
    const main = join(root, 'dist/cli/main.js')
    const environment = Object.entries(services['millrace']?.environment ?? {})
    assert.equal(instruction('ENTRYPOINT'), '["millrace"]')
    const app = start([main, ...(JSON.parse(instruction('CMD')) as string[])], {
      ...Object.fromEntries(environment.map(([name, value]) => [name, here(value)])),
      PORT: String(http),
      MILLRACE_DATA_DIR: dataDir,
    })
    const [, check = '[]'] = /CMD (\[.*\])$/.exec(instruction('HEALTHCHECK')) ?? []
    const [, ...checkArgs] = JSON.parse(check) as string[]
    await until('the health check says yes', async () => {
      assert.equal(app.exitCode, null, outputs.get(app))
      const probe = start(checkArgs, { PORT: String(http) })
      const [code] = (await once(probe, 'exit')) as [number]
      return code === 0 ? true : undefined
    })
    const commandOf = (name: string): string[] => [
      main,
      ...(services[name]?.command ?? []).map(here),
    ]
    start(commandOf('hello-producer'), {})
    const consumer = start(commandOf('hello-consumer'), {})
    await until('the consumer hears it', () =>
      /"msg":"Hello, World!"/.test(outputs.get(consumer) ?? '') ? true : undefined,
    )
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
