/** Runs an example as a reader does: `npm start -w examples/<name>` from the root, on ports that the system chooses. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { root } from '../house/sources.ts'
import { postJson, until } from './instance.ts'

export interface Example {
  readonly url: string
  /** `host:port` for Kafka clients: its own broker, or the cluster that keeps its log. */
  readonly bootstrap: string
  output(): string
  /** Ctrl-C: SIGINT to the instance; resolves when npm has ended too. */
  stop(): Promise<void>
}

export interface ExampleOptions {
  readonly name: string
  readonly dataDir: string
  /** Folder of a project that was made of the example. Default: the example itself, from the root. */
  readonly project?: string
  /** Default `start`. */
  readonly script?: string
  readonly args?: readonly string[]
  /** `host:port` of a cluster that keeps the log. */
  readonly kafka?: string
}

/** Resolves when the instance answers. */
export async function startExample(options: ExampleOptions): Promise<Example> {
  const { name, dataDir, script = 'start', kafka } = options
  const args = [...(kafka ? ['--log', `kafka://${kafka}`] : []), ...(options.args ?? [])]
  const workspace = options.project === undefined ? ['-w', `examples/${name}`] : []
  const child = spawn('npm', ['run', script, ...workspace, '--', ...args], {
    cwd: options.project ?? root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PORT: '0',
      // On a cluster, Kafka clients go there.
      MILLRACE_BROKER_PORT: kafka === undefined ? '0' : '',
      MILLRACE_DATA_DIR: dataDir,
      NO_COLOR: '1',
    },
  })
  let text = ''
  const collect = (bytes: Buffer): void => {
    text += bytes.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const exited = once(child, 'exit')
  const { url, pid } = await until(`example ${name} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`example ${name} ended:\n${text}`)
    const instance = readInstance(dataDir)
    if (!instance || !isAlive(instance.pid)) return undefined
    return (await fetch(`${instance.url}/livez`).catch(() => undefined))?.ok ? instance : undefined
  })
  return {
    url,
    get bootstrap() {
      return kafka ?? /kafka +(\S+:\d+)/.exec(text)?.[1] ?? ''
    },
    output: () => text,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGINT')
      await exited
    },
  }
}

/** An instance file may be left over from a process that was killed. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function readInstance(dataDir: string): { url: string; pid: number } | undefined {
  try {
    const file = readFileSync(join(dataDir, 'run/instance.json'), 'utf8')
    return JSON.parse(file) as { url: string; pid: number }
  } catch {
    return undefined
  }
}

/** The first `count` values of a topic with one partition, as a Kafka client reads them from the beginning. */
export async function valuesOf(bootstrap: string, topic: string, count: number): Promise<string[]> {
  const client = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const groupId = `reader-${process.pid}-${count}`
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 100 })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value?.toString() ?? '')
    },
  })
  await until(`${count} values of ${topic}`, () => (values.length >= count ? true : undefined))
  await consumer.disconnect()
  return values
}

export async function sendValue(bootstrap: string, topic: string, value: string): Promise<void> {
  const client = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  // A cluster may not create topics on first use; one that is there stays as it is.
  const admin = client.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic }] })
  await admin.disconnect()
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic, messages: [{ value }] })
  await producer.disconnect()
}

export async function sqlRows(url: string, sql: string): Promise<unknown[][]> {
  const { status, body } = await postJson<{ rows: unknown[][] }>(url, '/v1/sql', { sql })
  if (status !== 200) throw new Error(`${sql} answered ${status}: ${JSON.stringify(body)}`)
  return body.rows
}
