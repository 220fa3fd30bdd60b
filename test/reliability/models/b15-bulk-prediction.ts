/**
 * B15: `millrace predict --in rows.parquet --out scores.parquet` over a million rows, against a running app. One call goes
 * through; another is killed three times on its way and called again. Both files are equal, a row out for each row in, and
 * equal to what REST says of the same rows; the memory of the command does not grow with the file. A round is a thousand rows.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startCommand } from '../../../src/cli/command-line.fixture.ts'
import { sqlText } from '../../../src/core/index.ts'
import { createRandom, type Random } from '../../../src/kernels/index.ts'
import { openSqlEngine, type SqlEngine } from '../../../src/sql/index.ts'
import { getJson, postJson, startInstance, until } from '../../e2e/instance.ts'
import { ratings, sendRatings } from '../../e2e/ratings.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'

const KILLS = 3
const SAMPLE_MS = 100
/** The second half may take so much more than the first: garbage comes and goes. */
const SLACK = 1.25
const SLACK_BYTES = 32 * 2 ** 20

export const bulkPrediction: Soak = async ({ seed, rounds = 1_000 }) => {
  const began = performance.now()
  const findings = createFindings()
  const random = createRandom(seed)
  const rows = rounds * 1_000
  const cwd = await mkdtemp(join(tmpdir(), 'millrace-b15-'))
  const instance = await startInstance({ dataDir: join(cwd, 'data') })
  const engine = await openSqlEngine()
  const figures: Record<string, number> = {}
  try {
    await sendRatings(instance.url, ratings({ seed, from: 0, count: 1_000 }))
    await until('like serves', async () => {
      const answer = await fetch(`${instance.url}/v1/models/like`)
      return ((await answer.json()) as { live?: object | null }).live ?? undefined
    })
    await engine.run(`copy (
      select (1 + i % 300)::bigint as userId, (1 + (i * 7) % 500)::integer as movieId, 'row ' || i as note
      from range(${rows}) t(i)
    ) to ${sqlText(join(cwd, 'rows.parquet'))} (format parquet)`)
    await findings.attempt('one pass', async () => {
      const pass = await through(cwd, instance.url, rows)
      figures['rows_per_second'] = Math.round(rows / pass.seconds)
      figures['rss_mb_max'] = Math.round(Math.max(...pass.rssBytes) / 2 ** 20)
      assertFlat(pass.rssBytes)
    })
    await findings.attempt('killed and called again', async () => {
      figures['resumed_at'] = await killed(cwd, instance.url, rows, random)
    })
    await findings.attempt('the answers', () => compare(engine, cwd, instance.url, rows, random))
  } finally {
    await engine.close()
    await instance.stop()
    await rm(cwd, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'B15', promise: 'P12', seed, rounds, acknowledged: rows }
  return { ...facts, anomalies, worst, seconds, more: figures }
}

const command = (cwd: string, url: string, out: string) =>
  startCommand(['predict', 'like', '--in', 'rows.parquet', '--out', out, '--url', url, '--json'], {
    cwd,
  })

async function through(cwd: string, url: string, rows: number) {
  const began = performance.now()
  const { child, finished } = command(cwd, url, 'whole.parquet')
  const rssBytes: number[] = []
  const sampled = (async () => {
    while (child.exitCode === null && child.signalCode === null) {
      rssBytes.push(...residentBytes(child.pid))
      await pause(SAMPLE_MS)
    }
  })()
  const { code, stdout, stderr } = await finished
  await sampled
  const done = code === 0 ? (JSON.parse(stdout) as { rows: number }).rows : 0
  if (done !== rows) throw new Anomaly('lost', `${done} of ${rows} rows: ${stderr}`)
  return { seconds: (performance.now() - began) / 1_000, rssBytes }
}

/** By /proc; nothing where there is none, or the process is gone. */
function residentBytes(pid: number | undefined): number[] {
  try {
    return [Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096]
  } catch {
    return []
  }
}

function assertFlat(rssBytes: readonly number[]): void {
  const half = Math.floor(rssBytes.length / 2)
  const [first, second] = [rssBytes.slice(0, half), rssBytes.slice(half)].map((part) =>
    Math.max(0, ...part),
  )
  if (second! > first! * SLACK + SLACK_BYTES)
    throw new Anomaly('overlap', `the command grew from ${first} to ${second} bytes`)
}

/** Answers the row from which the last call went on. */
async function killed(cwd: string, url: string, rows: number, random: Random): Promise<number> {
  const part = join(cwd, 'again.parquet.part')
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, finished } = command(cwd, url, 'again.parquet')
    const before = existsSync(part) ? statSync(part).size : 0
    const more = 1 + random.int(rows * 10)
    while (child.exitCode === null && (!existsSync(part) || statSync(part).size < before + more)) {
      await pause(2)
    }
    child.kill('SIGKILL')
    await finished
  }
  const { code, stdout, stderr } = await command(cwd, url, 'again.parquet').finished
  if (code !== 0) throw new Anomaly('stuck', `called again: ${stderr}`)
  const { rows: done, resumed } = JSON.parse(stdout) as { rows: number; resumed: number }
  if (done !== rows) throw new Anomaly('lost', `${done} of ${rows} rows`)
  if (resumed === 0) throw new Anomaly('lost', 'nothing of what was done before was kept')
  return resumed
}

async function compare(
  engine: SqlEngine,
  cwd: string,
  url: string,
  rows: number,
  random: Random,
): Promise<void> {
  const file = (name: string): string => `read_parquet(${sqlText(join(cwd, `${name}.parquet`))})`
  const numberOf = async (sql: string): Promise<number> =>
    Number((await engine.query(sql)).rows[0]?.[0])
  for (const name of ['whole', 'again']) {
    const count = await numberOf(`select count(*) from ${file(name)}`)
    const notes = await numberOf(`select count(distinct note) from ${file(name)}`)
    if (count !== rows || notes !== rows)
      throw new Anomaly('duplicate', `${name} has ${count} rows of ${notes} of ${rows}`)
  }
  const other = await numberOf(
    `select count(*) from (select * from ${file('whole')} except select * from ${file('again')})`,
  )
  if (other > 0) throw new Anomaly('changed', `${other} rows differ between the two files`)
  const from = random.int(rows - 999)
  const asked = Array.from({ length: 1_000 }, (_, at) => ({
    userId: 1 + ((from + at) % 300),
    movieId: 1 + (((from + at) * 7) % 500),
  }))
  const { version } = await getJson<{ version: number }>(url, '/v1/models/like/versions/champion')
  const { body } = await postJson<{ predictions: { probability: number }[] }>(
    url,
    `/v1/models/like/predict?version=${version}`,
    asked,
  )
  const { rows: stored } = await engine.query(
    `select note, probability from ${file('whole')} where split_part(note, ' ', 2)::bigint between ${from} and ${from + 999}`,
  )
  const scores = new Map(
    stored.map(([note, probability]) => [
      typeof note === 'string' ? note : '',
      Number(probability),
    ]),
  )
  for (const [at, { probability }] of body.predictions.entries()) {
    const written = scores.get(`row ${from + at}`)
    if (written !== probability)
      throw new Anomaly(
        'changed',
        `row ${from + at}: ${written} in the file, ${probability} by REST`,
      )
  }
}
