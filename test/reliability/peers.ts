/**
 * `npm run soak -- A2 --peers`: the same power cuts under Redis, SQLite, lmdb and Apache Kafka, one line each. Every peer writes ids that
 * count up, twenty at a time, and says how far it was told that they are stored; after the cut the ids up to there are counted.
 * Only what is installed runs; another one is a line that says what is missing.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createRandom } from '../../src/kernels/index.ts'
import { kafkaPeer, kafkaVersion } from './kafka-peer.ts'
import { cutPower, FILE_SYSTEMS, missingForPowerCut, type PoweredVictim } from './power-cut.ts'
import { startRedis } from './redis-peer.ts'

export interface PeerVictim extends PoweredVictim {
  /** Ids below it were acknowledged before the freeze. */
  acknowledged(): number
}

export interface Peer {
  readonly name: string
  /** Throws when it is not installed. */
  version(): string
  start(folder: string): Promise<PeerVictim>
  /** How many of the ids below `acknowledged` are there. */
  count(folder: string, acknowledged: number): Promise<number>
}

const text = (tool: string, args: readonly string[]): string =>
  execFileSync(tool, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim()

/** A program of its own: `write` prints how far it is, `count` how many ids below a number there are. */
function childPeer(
  name: string,
  tool: string,
  args: readonly string[],
  version: () => string,
): Peer {
  return {
    name,
    version,
    async start(folder) {
      const child = spawn(tool, [...args, 'write', folder], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      return printingVictim(child)
    },
    async count(folder, acknowledged) {
      return Number(text(tool, [...args, 'count', folder, String(acknowledged)]))
    },
  }
}

async function printingVictim(child: ChildProcess): Promise<PeerVictim> {
  const exited = once(child, 'exit')
  let [acknowledged, isFrozen] = [0, false]
  const lines = createInterface({ input: child.stdout! })
  lines.on('line', (line) => {
    if (!isFrozen) acknowledged = Number(line)
  })
  await Promise.race([once(lines, 'line'), exited])
  return {
    acknowledged: () => acknowledged,
    freeze: () => (isFrozen = true),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const python = ['-u', fileURLToPath(new URL('sqlite-peer.py', import.meta.url))]
const sqliteVersion = (): string =>
  text('python3', ['-c', 'import sqlite3; print(sqlite3.sqlite_version)'])
const redisVersion = (): string => /v=(\S+)/.exec(text('redis-server', ['--version']))?.[1] ?? ''
const lmdbArgs = ['--import', 'tsx', fileURLToPath(new URL('lmdb-peer.ts', import.meta.url))]

const PEERS: readonly Peer[] = [
  { name: 'Redis everysec', version: redisVersion, ...startRedis('everysec') },
  { name: 'Redis always', version: redisVersion, ...startRedis('always') },
  childPeer('SQLite WAL FULL', 'python3', [...python, 'FULL'], sqliteVersion),
  childPeer('SQLite WAL NORMAL', 'python3', [...python, 'NORMAL'], sqliteVersion),
  childPeer('lmdb-js', process.execPath, lmdbArgs, () => '3.5.6'),
  { name: 'Apache Kafka as it comes', version: kafkaVersion, ...kafkaPeer({}) },
  {
    name: 'Apache Kafka, flush after each message',
    version: kafkaVersion,
    ...kafkaPeer({ 'log.flush.interval.messages': '1' }),
  },
]

/** One line for each peer; `named`: only those whose names have it. */
export async function* powerCutsOfPeers(
  seed: number,
  rounds = 4,
  named = '',
): AsyncGenerator<object> {
  const missing = missingForPowerCut()
  for (const peer of PEERS.filter(({ name }) => name.includes(named))) {
    const about = { id: 'A2-peer', peer: peer.name, seed }
    try {
      if (missing !== undefined) throw new Error(missing)
      const version = peer.version()
      const random = createRandom(seed)
      const began = performance.now()
      const sum = { rounds, acknowledged: 0, lost: 0, rounds_with_loss: 0 }
      for (let round = 0; round < rounds; round++) {
        const one = await cutOnce(peer, round, 500 + random.int(1_000))
        sum.acknowledged += one.acknowledged
        sum.lost += one.lost
        if (one.lost > 0) sum.rounds_with_loss++
      }
      yield { ...about, version, ...sum, seconds: Math.round((performance.now() - began) / 1_000) }
    } catch (error) {
      yield {
        ...about,
        skipped: error instanceof Error ? error.message.split('\n')[0] : String(error),
      }
    }
  }
}

/** One power cut under a peer that writes. `check` looks at its folder as it came back, with what the peer had acknowledged. */
export async function cutPeer<Victim extends PeerVictim, T>(
  peer: { start(folder: string): Promise<Victim> },
  round: number,
  waitMs: number,
  check: (folder: string, acknowledged: number, victim: Victim | undefined) => Promise<T>,
): Promise<T> {
  let victim: Victim | undefined
  return cutPower({
    kind: FILE_SYSTEMS[round % 3 === 2 ? 1 : 0],
    waitMs,
    async start(folder) {
      await mkdir(folder)
      victim = await peer.start(folder)
      return victim
    },
    check: (folder) => check(folder, victim?.acknowledged() ?? 0, victim),
  })
}

const cutOnce = (
  peer: Peer,
  round: number,
  waitMs: number,
): Promise<{ acknowledged: number; lost: number }> =>
  cutPeer(peer, round, waitMs, async (folder, acknowledged) => {
    // A folder that is gone has nothing, and a store that does not open neither.
    const found = await peer.count(folder, acknowledged).catch(() => 0)
    return { acknowledged, lost: acknowledged - found }
  })
