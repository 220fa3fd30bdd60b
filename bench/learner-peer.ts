/** What the benchmarks of learners have in common: the peers from PyPI, one Python process a run, a folder of raw files. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pythonPeer } from './peers.ts'

export const LEARNER_PEERS = {
  'scikit-learn': '1.9.1',
  lightgbm: '4.7.0',
  xgboost: '3.2.0',
  numpy: '2.4.6',
  scipy: '1.17.1',
}

export interface PeerRun {
  readonly seconds: number
}

export interface LearnerPeer<Answer extends PeerRun> {
  readonly folder: string
  /** Runs the script with the folder and these arguments after it; it prints its answer as JSON. */
  run(...args: readonly (string | number)[]): Answer
  close(): Promise<void>
}

export function openLearnerPeer<Answer extends PeerRun>(script: string): LearnerPeer<Answer> {
  const python = pythonPeer(LEARNER_PEERS)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  return {
    folder,
    run(...args) {
      const out = execFileSync(python, [script, folder, ...args.map(String)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, OMP_NUM_THREADS: '2', OPENBLAS_NUM_THREADS: '2' },
      })
      return JSON.parse(out.toString()) as Answer
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
