/** Every saboteur: those of the simulated disk (F1), and those of the code itself with the soaks that must catch them. */
import { drawSchedule } from '../simulation/schedule.ts'
import { SABOTEURS, type Saboteur as DiskSaboteur } from '../simulation/saboteurs.ts'
import { simulate } from '../simulation/simulation.ts'
import { CODE_SABOTEURS } from './code-saboteurs.ts'
import { hunt, type Hunted } from './hunt.ts'

export interface Saboteur {
  readonly name: string
  /** The test that must catch it. */
  readonly test: string
  readonly run: (seed: number) => Promise<Hunted>
}

const MAX_SEEDS = 400

async function simulateSeeds({ sabotage, damage }: DiskSaboteur): Promise<Hunted> {
  for (let seed = 1; seed <= MAX_SEEDS; seed++) {
    const { finding } = await simulate(drawSchedule(seed, { damage }), { sabotage })
    if (finding !== undefined) return { as: `${finding.anomaly} by seed ${seed}` }
  }
  return undefined
}

export const saboteurs: readonly Saboteur[] = [
  ...SABOTEURS.map((one): Saboteur => ({
    name: `disk: ${one.name}`,
    test: 'F1',
    run: () => simulateSeeds(one),
  })),
  ...CODE_SABOTEURS.map((one): Saboteur => ({
    name: one.name,
    test: one.soak,
    run: (seed) => hunt(one, seed),
  })),
]
