/**
 * `npm run bench -- <ID>... [--json] [--record]`: runs benchmarks and prints one JSON line each (`--json`), else a short report;
 * with `--record` the line is also kept in `bench/results.ndjson`, which `npm run docs` makes a page of.
 * Without an id it lists them. Exits 1 when a ratio is below its floor on a quiet machine.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, BenchmarkResult } from './benchmark.ts'
import { benchmarks } from './catalog.ts'

/** A run above this load is printed as noisy: someone else is using the machine. */
const QUIET_LOAD = 0.3
/** The load is that of this moment: the system's average still has the run before in it a minute later. */
const LOAD_MS = 2_000
const QUIET_WAIT_MS = 180_000
/** Runs of one side that differ by more than this make the result noisy. */
const SPREAD = 0.25
const ONCE = ['ours', 'peer'] as const
const ORDER = ['ours', 'peer', 'peer', 'ours', 'ours', 'peer'] as const

/** Processors that were busy, or that their host took away, on average over LOAD_MS. */
async function load(): Promise<number> {
  const idleMs = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0)
  const [idle, began] = [idleMs(), performance.now()]
  await sleep(LOAD_MS)
  const share = (idleMs() - idle) / (performance.now() - began)
  return Number(Math.max(0, cpus().length - share).toFixed(2))
}

async function waitForQuiet(): Promise<number> {
  const deadline = performance.now() + QUIET_WAIT_MS
  let now = await load()
  while (now >= QUIET_LOAD && performance.now() < deadline) now = await load()
  return now
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const spreads = (values: readonly number[]): boolean =>
  Math.max(...values) / Math.min(...values) - 1 > SPREAD

async function measure(benchmark: Benchmark, wait: boolean): Promise<BenchmarkResult> {
  const prepared = await benchmark.prepare()
  const before = await (wait ? waitForQuiet() : load())
  const seconds: Record<'ours' | 'peer', number[]> = { ours: [], peer: [] }
  try {
    for (const side of benchmark.once ? ONCE : ORDER) seconds[side].push(await prepared[side].run())
  } finally {
    await prepared.close()
  }
  const rate = (values: readonly number[]): number =>
    Number((benchmark.work / Math.min(...values)).toPrecision(5))
  const ratio = Math.min(...seconds.peer) / Math.min(...seconds.ours)
  return {
    id: benchmark.id,
    ours: rate(seconds.ours),
    peer: rate(seconds.peer),
    unit: benchmark.unit,
    ratio: Number(ratio.toFixed(3)),
    ratioOfMedians: Number((median(seconds.peer) / median(seconds.ours)).toFixed(3)),
    floor: benchmark.floor,
    noisy: before >= QUIET_LOAD || spreads(seconds.ours) || spreads(seconds.peer),
    load: [before, await load()],
    seconds,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    versions: prepared.versions,
    figures: prepared.figures?.() ?? {},
  }
}

function print(result: BenchmarkResult, question: string): void {
  const verdict =
    Math.min(result.ratio, result.ratioOfMedians) >= result.floor ? 'reached' : 'not reached'
  console.log(`${result.id}: ${question}`)
  console.log(
    `  ours ${result.ours.toLocaleString('en')} ${result.unit}, peer ${result.peer.toLocaleString('en')} ${result.unit}`,
  )
  console.log(
    `  ratio ${result.ratio} (medians ${result.ratioOfMedians}), floor ${result.floor} ${verdict}${result.noisy ? ', noisy' : ''}`,
  )
  console.log(`  ${JSON.stringify(result.figures)}`)
  console.log(
    `  ${result.machine}, load ${result.load.join(' → ')}, ${JSON.stringify(result.versions)}`,
  )
}

function record(result: BenchmarkResult, question: string): void {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim()
  const date = new Date().toISOString().slice(0, 10)
  const line = JSON.stringify({ ...result, question, commit, date })
  appendFileSync(new URL('results.ndjson', import.meta.url), `${line}\n`)
}

const args = process.argv.slice(2)
const ids = args.filter((arg) => !arg.startsWith('--'))
const unknown = ids.filter((id) => benchmarks[id] === undefined)
if (ids.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) console.error(`unknown benchmark ${unknown.join(', ')}`)
  for (const open of Object.values(benchmarks)) {
    const { id, question, floor } = await open()
    console.error(`${id}  ${question} (floor ${floor})`)
  }
  process.exit(unknown.length > 0 ? 2 : 0)
}
for (const id of ids) {
  const benchmark = await benchmarks[id]?.()
  if (benchmark === undefined) continue
  const result = await measure(benchmark, !args.includes('--now'))
  if (args.includes('--json')) console.log(JSON.stringify(result))
  else print(result, benchmark.question)
  if (args.includes('--record')) record(result, benchmark.question)
  if (!result.noisy && Math.min(result.ratio, result.ratioOfMedians) < result.floor)
    process.exitCode = 1
}
