/**
 * `npm run saboteurs`: runs wrong versions of the product against the tests that must catch them. A test whose saboteur
 * lives is not a test. One line each; ends with 1 when one was not caught.
 */
import { drawSchedule } from '../test/reliability/simulation/schedule.ts'
import { SABOTEURS, type Saboteur } from '../test/reliability/simulation/saboteurs.ts'
import { simulate } from '../test/reliability/simulation/simulation.ts'

const MAX_SEEDS = 400

interface Catch {
  readonly seed: number
  readonly anomaly: string
}

async function hunt({ sabotage, damage }: Saboteur): Promise<Catch | undefined> {
  for (let seed = 1; seed <= MAX_SEEDS; seed++) {
    const { finding } = await simulate(drawSchedule(seed, { damage }), { sabotage })
    if (finding !== undefined) return { seed, anomaly: finding.anomaly }
  }
  return undefined
}

let caught = 0
for (const saboteur of SABOTEURS) {
  const found = await hunt(saboteur)
  if (found !== undefined) caught++
  const what = found === undefined ? 'LIVES' : `caught as ${found.anomaly} by seed ${found.seed}`
  console.log(JSON.stringify({ id: 'F1', saboteur: saboteur.name, result: what }))
}
console.log(JSON.stringify({ caught, total: SABOTEURS.length }))
if (caught < SABOTEURS.length) process.exitCode = 1
