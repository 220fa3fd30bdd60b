/**
 * B11: a backup is written at a random moment while events arrive, and restored elsewhere. It opens, has everything that was
 * acknowledged before it began, its lake is a prefix, and a server goes on with it: new events reach its table. A round is
 * one backup.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createRandom } from '../../src/kernels/index.ts'
import { getJson, until } from '../e2e/instance.ts'
import { anomaliesOf, readLake } from '../e2e/lake-reader.ts'
import { ratings, sendRatings } from '../e2e/ratings.ts'
import { root } from '../house/sources.ts'
import { createFindings, type Findings } from './findings.ts'
import type { Soak } from './result.ts'
import { checkServer, startServer, startVictim } from './server-victim.ts'
import { pause, type Journal } from './writer.ts'

const run = promisify(execFile)
const MAIN = join(root, 'dist/cli/main.js')
const RATINGS_A_ROUND = 700
const RATINGS_AT_ONCE = 100
const RATINGS_AFTER = 100

interface Ledger {
  readonly difference: number
  readonly inLake: number
  readonly inFlight: number
}

export const backups: Soak = async ({ seed, rounds = 5 }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const findings = createFindings()
  const journal: Journal = new Map()
  const backupMs: number[] = []
  const base = await mkdtemp(join(tmpdir(), 'millrace-b11-'))
  const dataDir = join(base, 'data')
  try {
    await mkdir(dataDir)
    const victim = await startVictim(dataDir, seed, journal)
    try {
      for (let round = 0; round < rounds; round++) {
        const from = round * RATINGS_A_ROUND
        await sendRatings(victim.instance.url, ratings({ seed, from, count: RATINGS_A_ROUND }))
        await pause(random.int(1_000))
        const before: Journal = new Map(journal)
        const file = join(base, `${round}.tar`)
        const copy = join(base, `copy-${round}`)
        const started = performance.now()
        const backup = run(process.execPath, [MAIN, 'backup', file, '--data-dir', dataDir])
        await sendWhile(backup, victim.instance.url, seed + round)
        backupMs.push(performance.now() - started)
        await run(process.execPath, [MAIN, 'restore', file, '--data-dir', copy])
        await check(copy, before, findings)
        await rm(copy, { recursive: true })
        await rm(file)
      }
    } finally {
      await victim.kill()
    }
  } finally {
    await rm(base, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'B11', promise: 'P1 P2', seed, rounds, acknowledged: journal.size }
  const more = { backup_ms_max: Math.round(Math.max(...backupMs)) }
  return { ...facts, anomalies, worst, seconds, more }
}

/** The table of ratings and its topic grow as long as the backup is written; rejects as it does. */
async function sendWhile(backup: Promise<unknown>, url: string, seed: number): Promise<void> {
  const end = new AbortController()
  const send = async (): Promise<void> => {
    for (let from = 2_000_000; !end.signal.aborted; from += RATINGS_AT_ONCE) {
      await sendRatings(url, ratings({ seed, from, count: RATINGS_AT_ONCE }))
      await pause(50)
    }
  }
  await Promise.all([backup.finally(() => end.abort()), send()])
}

async function check(copy: string, before: Journal, findings: Findings): Promise<void> {
  const checked = await checkServer(copy, before)
  for (const [name, count] of Object.entries(checked.anomalies) as [never, number][]) {
    for (let each = 0; each < count; each++) findings.note(name, checked.worst ?? '')
  }
  for (const what of anomaliesOf(await readLake(copy, 'ratings'))) findings.note('gap', what)
  const instance = await startServer(copy).catch((error: unknown) => String(error))
  if (typeof instance === 'string') return findings.note('unopenable', instance)
  try {
    const ledger = (): Promise<Ledger> => getJson<Ledger>(instance.url, '/v1/topics/ratings/ledger')
    const before = await ledger()
    if (before.difference !== 0) findings.note('lost', JSON.stringify(before))
    await sendRatings(instance.url, ratings({ seed: 1, from: 1_000_000, count: RATINGS_AFTER }))
    const after = await until('the table to go on', async () => {
      const now = await ledger()
      return now.inFlight === 0 && now.inLake >= before.inLake + RATINGS_AFTER ? now : undefined
    }).catch((error: unknown) => String(error))
    if (typeof after === 'string') findings.note('stuck', after)
    else if (after.difference !== 0) findings.note('lost', JSON.stringify(after))
  } finally {
    await instance.kill()
  }
}
