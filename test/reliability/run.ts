/**
 * `npm run soak -- <ID…> [--seed N] [--rounds N] [--record]`: one test of the catalogue or several, one JSON line each on
 * standard output; `--record` also keeps it for `docs/reliability.md`. `A2 --peers` cuts the power under others instead, `--peer NAME` under one of them. Ends with 1 when a promise was broken, with 2 when it was called wrongly.
 */
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { killStorm, killStormOfServer } from './a1-kill-storm.ts'
import { dedupe } from './a10-dedupe.ts'
import { openCost } from './a11-open-cost.ts'
import { powerCut, powerCutOfServer } from './a2-power-cut.ts'
import { syscallWalk } from './a3-syscall-walk.ts'
import { failpoints } from './a4-failpoints.ts'
import { fsyncError } from './a5-fsync-error.ts'
import { fullDiskOfServer } from './a6-full-server.ts'
import { fullDisk } from './a6-full-disk.ts'
import { rot } from './a7-rot.ts'
import { slowDisk } from './a8-slow-disk.ts'
import { queueLife } from './a9-queue-life.ts'
import { conveyorSoak } from './conveyor/b1-conveyor.ts'
import { compactionWalk, seamWalk } from './conveyor/b2-seam-walk.ts'
import { amnesia } from './conveyor/b3-amnesia.ts'
import { quietTopic } from './conveyor/b5-quiet-topic.ts'
import { schemaChange } from './conveyor/b7-schema-change.ts'
import { deadLetters } from './conveyor/b8-dead-letters.ts'
import { backups } from './b11-backup.ts'
import { bulkPrediction } from './models/b15-bulk-prediction.ts'
import { swapStorm } from './models/c1-swap-storm.ts'
import { publishWalk } from './models/c2-publish-walk.ts'
import { rottenModel } from './models/c3-rotten-model.ts'
import { crowd } from './models/c4-crowd.ts'
import { trainerDies } from './models/c5-trainer-dies.ts'
import { drip } from './models/c6-drip.ts'
import { poison } from './models/c6-poison.ts'
import { badInput } from './models/c7-bad-input.ts'
import { startUp } from './models/c8-start-up.ts'
import { overload } from './d1-overload.ts'
import { brokerPower } from './e8-broker-power.ts'
import { slowClients } from './d2-slow-clients.ts'
import { flood } from './d3-flood.ts'
import { stalledSink } from './d4-stalled-sink.ts'
import { memory } from './d5-memory.ts'
import { drain } from './d6-drain.ts'
import { probes } from './d7-probes.ts'
import { worstNeighbour } from './d8-neighbour.ts'
import { simulation } from './f1-simulation.ts'
import { powerCutsOfPeers } from './peers.ts'
import { isClean, toLine, type Soak } from './result.ts'

const SOAKS: Readonly<Record<string, Soak>> = {
  A1: killStorm,
  'A1-http': killStormOfServer,
  A2: powerCut,
  'A2-http': powerCutOfServer,
  A3: syscallWalk,
  A4: failpoints,
  A5: fsyncError,
  A6: fullDisk,
  'A6-http': fullDiskOfServer,
  A7: rot,
  A8: slowDisk,
  A9: queueLife,
  A10: dedupe,
  A11: openCost,
  B1: conveyorSoak,
  B2: seamWalk,
  B3: amnesia,
  B5: quietTopic,
  B6: compactionWalk,
  B7: schemaChange,
  B8: deadLetters,
  B11: backups,
  B15: bulkPrediction,
  C1: swapStorm,
  C2: publishWalk,
  C3: rottenModel,
  C4: crowd,
  C5: trainerDies,
  C6: poison,
  'C6-drip': drip,
  C7: badInput,
  C8: startUp,
  D1: overload,
  E8: brokerPower,
  D2: slowClients,
  D3: flood,
  D4: stalledSink,
  D5: memory,
  D6: drain,
  D7: probes,
  D8: worstNeighbour,
  F1: simulation,
}

function wholeNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    rounds: { type: 'string' },
    record: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    peer: { type: 'string' },
  },
})
const unknown = positionals.filter((id) => SOAKS[id] === undefined)
if (positionals.length === 0 || unknown.length > 0) {
  console.error(
    `name tests out of ${Object.keys(SOAKS).join(', ')}; unknown: ${unknown.join(', ') || 'none'}`,
  )
  process.exit(2)
}
const given = wholeNumber(values.seed)
// Another seed every day, said in the line: what failed can be run again.
const seed = given ?? Math.floor(Date.now() / 86_400_000)
const rounds = wholeNumber(values.rounds)
if ([seed, rounds ?? 0].some((value) => !Number.isSafeInteger(value) || value < 0)) {
  console.error('give --seed and --rounds as whole numbers')
  process.exit(2)
}
const results = fileURLToPath(new URL('results.ndjson', import.meta.url))
function tell(line: string): void {
  console.log(line)
  if (values.record) appendFileSync(results, `${line}\n`)
}

if (values.peers || values.peer !== undefined) {
  for await (const line of powerCutsOfPeers(seed, rounds, values.peer)) {
    tell(JSON.stringify({ ...line, date: new Date().toISOString().slice(0, 10) }))
  }
  process.exit()
}
for (const id of positionals) {
  const result = await SOAKS[id]!({ seed, isSeedGiven: given !== undefined, rounds })
  tell(toLine(result))
  if (!('skipped' in result) && !isClean(result)) process.exitCode = 1
}
