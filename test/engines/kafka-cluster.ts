/** Apache Kafka (KRaft) on free loopback ports in a temporary folder: one broker, or three. Ended by `close`. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaClassPath } from './kafka-jars.ts'

export interface KafkaBroker {
  readonly id: number
  readonly port: number
  /** Resolves when it serves. */
  start(): Promise<void>
  /** As a power cut of its machine: SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>
  /** SIGSTOP: it keeps its connections and does nothing. */
  pause(): void
  /** SIGCONT. */
  resume(): void
}

export interface KafkaCluster extends AsyncDisposable {
  /** `host:port`, comma between them. */
  readonly bootstrap: string
  /** `host:port` of one of the further listeners, by its name. */
  readonly listener: (name: string) => string
  readonly brokers: readonly KafkaBroker[]
  readonly close: () => Promise<void>
}

export interface KafkaClusterOptions {
  /** 1 (default) or 3. */
  readonly brokers?: number
  /** More lines of `server.properties`; later lines win. `@PORT@` becomes the broker's port. */
  readonly properties?: Readonly<Record<string, string>>
  /** Beside the plain one: name → security protocol. */
  readonly listeners?: Readonly<Record<string, 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'>>
  /** Of the broker's JVM. Default: 256 MB, quick to start. */
  readonly jvm?: readonly string[]
  /** Users whose SCRAM passwords the cluster knows from its start: `name` → password. */
  readonly scramUsers?: Readonly<Record<string, string>>
}

const LOG4J = `status=warn
appender.c.type=Console
appender.c.name=C
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d{ABSOLUTE} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.c.ref=C
logger.k.name=kafka.server.KafkaRaftServer
logger.k.level=info
`
const START_TIMEOUT_MS = 60_000
/** Ready in seconds; figures are measured with what the broker would have by itself. */
const QUICK_JVM = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** Kafka's form of a UUID: 22 characters that do not begin with a dash. */
function kafkaUuid(): string {
  const text = randomBytes(16).toString('base64url')
  return text.startsWith('-') ? `A${text.slice(1)}` : text
}

/** Different ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

interface Node {
  readonly id: number
  readonly port: number
  /** Further listeners: name → protocol and port. */
  readonly more: readonly { name: string; protocol: string; port: number }[]
  readonly controllerPort: number
  readonly directoryId: string
  readonly folder: string
}

function serverProperties(node: Node, nodes: readonly Node[], more: object): string {
  const listeners = [
    `PLAINTEXT://127.0.0.1:${node.port}`,
    `CONTROLLER://127.0.0.1:${node.controllerPort}`,
    ...node.more.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
  ].join(',')
  const protocols = node.more.map(({ name, protocol }) => `,${name}:${protocol}`).join('')
  const copies = String(nodes.length)
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    listeners,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.quorum.bootstrap.servers': nodes
      .map(({ controllerPort }) => `127.0.0.1:${controllerPort}`)
      .join(','),
    'log.dirs': join(node.folder, 'log'),
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': '1',
    'auto.create.topics.enable': 'false',
    // A broker that was killed is back in 4 s instead of 12 s.
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '250',
    ...more,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('@PORT@', String(node.port))}\n`)
    .join('')
}

const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })

async function format(
  node: Node,
  nodes: readonly Node[],
  clusterId: string,
  scramUsers: Readonly<Record<string, string>>,
): Promise<void> {
  const quorum =
    nodes.length === 1
      ? ['--standalone']
      : [
          '--initial-controllers',
          nodes.map((n) => `${n.id}@127.0.0.1:${n.controllerPort}:${n.directoryId}`).join(','),
        ]
  const users = Object.entries(scramUsers).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  )
  const config = join(node.folder, 'server.properties')
  const args = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', kafkaClassPath()]
  const what = ['-t', clusterId, '-c', config, ...quorum, ...users]
  const tool = ['kafka.tools.StorageTool', 'format', ...what]
  const child = spawn('java', [...args, ...tool], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await exited(child)
  if (child.exitCode !== 0) throw new Error(`Kafka could not format its folder:\n${said}`)
}

function broker(node: Node, jvm: readonly string[]): KafkaBroker {
  let child: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined) return
    child.kill(signal)
    await exited(child)
    child = undefined
  }
  return {
    id: node.id,
    port: node.port,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async start() {
      const log = createWriteStream(join(node.folder, 'server.log'), { flags: 'a' })
      const log4j = `-Dlog4j2.configurationFile=${join(node.folder, 'log4j2.properties')}`
      const main = ['kafka.Kafka', join(node.folder, 'server.properties')]
      const started = spawn('java', [...jvm, log4j, '-cp', kafkaClassPath(), ...main], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      started.stderr.pipe(log, { end: false })
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string): void => {
          readFile(join(node.folder, 'server.log'), 'utf8')
            .then((text) => reject(new Error(`Kafka ${why}:\n${text.slice(-4_000)}`)))
            .catch(reject)
        }
        const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS)
        started.once('exit', (code) => {
          clearTimeout(timer)
          fail(`ended with code ${code}`)
        })
        started.stdout.on('data', (chunk: Buffer) => {
          log.write(chunk)
          if (!chunk.includes('Kafka Server started')) return
          clearTimeout(timer)
          resolve()
        })
      })
    },
  }
}

/** Resolves when every broker serves: 4 to 10 s. */
export async function startKafka(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const { brokers: count = 1, properties = {}, listeners = {}, scramUsers = {} } = options
  const root = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const perNode = 2 + Object.keys(listeners).length
  const ports = await freePorts(count * perNode)
  const nodes: Node[] = []
  for (let index = 0; index < count; index++) {
    const folder = await mkdtemp(join(root, `broker-${index + 1}-`))
    const [port, controllerPort, ...others] = ports.slice(index * perNode, (index + 1) * perNode)
    const more = Object.entries(listeners).map(([name, protocol], at) => ({
      name,
      protocol,
      port: others[at]!,
    }))
    nodes.push({
      id: index + 1,
      port: port!,
      more,
      controllerPort: controllerPort!,
      directoryId: kafkaUuid(),
      folder,
    })
  }
  const clusterId = kafkaUuid()
  const brokers = nodes.map((node) => broker(node, options.jvm ?? QUICK_JVM))
  const close = async (): Promise<void> => {
    await Promise.all(brokers.map((one) => one.kill()))
    await rm(root, { recursive: true, force: true })
  }
  // A test run that is interrupted must not leave brokers behind.
  const onExit = (): void => void Promise.all(brokers.map((one) => one.kill()))
  process.once('exit', onExit)
  try {
    for (const node of nodes) {
      const text = serverProperties(node, nodes, properties)
      await writeFile(join(node.folder, 'server.properties'), text)
      await writeFile(join(node.folder, 'log4j2.properties'), LOG4J)
    }
    await Promise.all(nodes.map((node) => format(node, nodes, clusterId, scramUsers)))
    await Promise.all(brokers.map((one) => one.start()))
  } catch (error) {
    await close()
    throw error
  }
  const closeOnce = async (): Promise<void> => {
    process.off('exit', onExit)
    await close()
  }
  return {
    bootstrap: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
    listener: (wanted) => {
      const found = nodes.flatMap(({ more }) => more.filter(({ name }) => name === wanted))
      if (found.length === 0) throw new Error(`the cluster has no listener ${wanted}`)
      return found.map(({ port }) => `127.0.0.1:${port}`).join(',')
    },
    brokers,
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  }
}
