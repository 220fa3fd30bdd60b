/**
 * A3: a server goes through its whole cycle (events, a batch, trainings, published versions) and is killed at the k-th of one
 * of the system calls that change the disk, `k` and the call drawn by the seed. It starts again by itself: every acknowledged
 * event is at its offset, the lake is a prefix, the ledger adds up, and models serve. A round is one kill.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getJson, postJson, startInstance, until, type Instance } from '../e2e/instance.ts'
import { anomaliesOf, readLake } from '../e2e/lake-reader.ts'
import { ratings, sendRatings } from '../e2e/ratings.ts'
import { createRandom } from '../../src/kernels/index.ts'
import { Anomaly } from './anomaly.ts'
import { createFindings } from './findings.ts'
import type { Soak } from './result.ts'

/** With about how often a cycle makes each while it works, in the pool of one thread that it has here: strace counts by thread. */
const CALLS = [
  ['fdatasync', 25],
  ['fsync', 40],
  ['pwrite64', 25],
  ['write', 200],
  ['rename', 16],
  ['unlink', 4],
  ['mkdir', 30],
  ['chmod', 12],
  ['ftruncate', 5],
] as const
const EVENTS = 600
/** As a grandchild, so that the process has the id that its parent knows. */
const STRACE = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '--seccomp-bpf']

const hasStrace = (): boolean => {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const syscallWalk: Soak = async ({ seed, rounds = 20 }) => {
  if (process.platform !== 'linux' || !hasStrace()) {
    return { id: 'A3', skipped: 'needs strace on Linux: apt-get install strace' }
  }
  const began = performance.now()
  const random = createRandom(seed)
  const findings = createFindings()
  const recoveryMs: number[] = []
  let [acknowledged, struck] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const [call, most] = CALLS[random.int(CALLS.length)]!
    const k = 1 + random.int(most)
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-a3-'))
    try {
      await findings.attempt(`killed at the ${k}. ${call}`, async () => {
        const one = await cycle(dataDir, seed + round, [
          ...STRACE,
          '-e',
          `trace=${call}`,
          '-e',
          `inject=${call}:signal=SIGKILL:when=${k}`,
        ])
        struck += Number(one.isStruck)
        acknowledged += one.acknowledged
        recoveryMs.push(await check(dataDir, one.acknowledged))
      })
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'A3', promise: 'P1 P5 P9', seed, rounds, acknowledged, anomalies }
  return { ...facts, recoveryMs, worst, seconds, more: { struck } }
}

/** How many events were acknowledged when the process ended, by the blow or, where it never came, by us. */
async function cycle(
  dataDir: string,
  seed: number,
  under: readonly string[],
): Promise<{ acknowledged: number; isStruck: boolean }> {
  let acknowledged = 0
  let instance: Instance | undefined
  try {
    instance = await startInstance({ dataDir, under, env: { UV_THREADPOOL_SIZE: '1' } })
    for (let from = 0; from < EVENTS; from += 100) {
      const { accepted } = await sendRatings(instance.url, ratings({ seed, from, count: 100 }))
      acknowledged += accepted
    }
    await postJson(instance.url, '/v1/flush', {})
    await serves(instance)
  } catch (error) {
    // The blow came; anything else it answered is a failure of the product.
    if (error instanceof Error && error.message.startsWith('events were refused')) throw error
    if (instance !== undefined && instance.process.signalCode === null) await instance.kill()
    return { acknowledged, isStruck: true }
  }
  await instance.kill()
  return { acknowledged, isStruck: false }
}

interface Ledger {
  readonly inLake: number
  readonly inFlight: number
  readonly difference: number
}

/** Milliseconds until it answered again. */
async function check(dataDir: string, acknowledged: number): Promise<number> {
  const began = performance.now()
  const instance = await startInstance({ dataDir }).catch((error: unknown) => {
    throw new Anomaly('unopenable', String(error))
  })
  const recovered = performance.now() - began
  try {
    await postJson(instance.url, '/v1/flush', {})
    const ledger = await getJson<Ledger>(instance.url, '/v1/topics/ratings/ledger')
    if (ledger.difference !== 0) throw new Anomaly('lost', `the ledger: ${JSON.stringify(ledger)}`)
    if (ledger.inLake < acknowledged || ledger.inFlight !== 0)
      throw new Anomaly('lost', `${acknowledged} were acknowledged: ${JSON.stringify(ledger)}`)
    const [wrong] = anomaliesOf(await readLake(dataDir, 'ratings'))
    if (wrong !== undefined) throw new Anomaly('gap', wrong)
    if (ledger.inLake >= EVENTS) await serves(instance)
  } finally {
    await instance.kill()
  }
  return recovered
}

const serves = (instance: Instance): Promise<true> =>
  until('a model serves', async () => {
    const { live } = await getJson<{ live?: object | null }>(instance.url, '/v1/models/like')
    return live ? true : undefined
  })
