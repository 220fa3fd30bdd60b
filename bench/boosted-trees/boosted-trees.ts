/** C2 and C3: boosted trees of 100 trees of 31 leaves, fitted and asked, against scikit-learn, LightGBM and XGBoost. */
import { fileURLToPath } from 'node:url'
import { boostedTrees } from '../../src/models/boosted-trees/boosted-trees.ts'
import type { Dataset } from '../../src/models/index.ts'
import { parseParams } from '../../src/models/open-model.ts'
import { areaUnderCurve } from '../../src/models/reference-data.testing.ts'
import type { Benchmark } from '../benchmark.ts'
import { LEARNER_PEERS, openLearnerPeer, type PeerRun } from '../learner-peer.ts'
import { datasetOf, makeRows, writeRows } from '../made-rows.ts'

const SCRIPT = fileURLToPath(new URL('trees_peer.py', import.meta.url))
const COLUMNS = 28
const TREES = 100
const TEST_ROWS = 200_000
/** Largest difference of the two AUCs. */
const TOLERANCE = 0.002

export type TreePeer = 'scikit-learn' | 'lightgbm' | 'xgboost'

interface Answer extends PeerRun {
  readonly auc: number
}

/** No penalty, as the peers are asked to. */
export const fitTrees = (data: Dataset, seed: number, trees = TREES) =>
  boostedTrees.fit(data, parseParams(boostedTrees, { trees, regularization: 0 }), { seed })

export const aucOf = (fitted: Awaited<ReturnType<typeof fitTrees>>, asked: Dataset): number => {
  const { matrix, label } = asked
  return areaUnderCurve(fitted.predictProba({ matrix, categories: {} }).probability, label!)
}

interface Work {
  readonly id: string
  readonly peer: TreePeer
  readonly task: 'fit' | 'predict'
  readonly floor: number
}

const ROWS = 1_000_000
const fit = (id: string, peer: TreePeer, floor: number) => trees({ id, peer, task: 'fit', floor })
const predict = (id: string, peer: TreePeer, floor: number) =>
  trees({ id, peer, task: 'predict', floor })

export const treesC2 = fit('C2', 'scikit-learn', 1)
export const treesC2Lightgbm = fit('C2-lightgbm', 'lightgbm', 0.6)
export const treesC2Xgboost = fit('C2-xgboost', 'xgboost', 1)
export const treesC3 = predict('C3', 'scikit-learn', 3)
export const treesC3Xgboost = predict('C3-xgboost', 'xgboost', 3)

function trees({ id, peer, task, floor }: Work): Benchmark {
  const what = task === 'fit' ? 'learned from' : 'scored by 100 trees'
  return {
    id,
    question: `How many rows of ${COLUMNS} columns are ${what} a second by boosted trees, against ${peer}, at equal AUC?`,
    work: ROWS,
    unit: 'rows/s',
    floor,
    async prepare() {
      const python = openLearnerPeer<Answer>(SCRIPT)
      const made = makeRows(ROWS, COLUMNS, 1)
      const asked = makeRows(TEST_ROWS, COLUMNS, 2)
      writeRows(python.folder, 'train', made)
      writeRows(python.folder, 'test', asked)
      const [data, test] = [datasetOf(made), datasetOf(asked)]
      const auc: { ours?: number; peer?: number } = {}
      const askPeer = (wanted: Work['task']): number => {
        const answer = python.run(wanted, peer, COLUMNS, TREES, 1)
        auc.peer = answer.auc
        agree(auc)
        return answer.seconds
      }
      let fitted = task === 'predict' ? await fitTrees(data, 1) : undefined
      if (task === 'predict') askPeer('fit')
      return {
        versions: LEARNER_PEERS,
        ours: {
          async run() {
            const began = performance.now()
            if (task === 'fit') fitted = await fitTrees(data, 1)
            else fitted!.predictProba({ matrix: data.matrix, categories: {} })
            const seconds = (performance.now() - began) / 1_000
            auc.ours ??= aucOf(fitted!, test)
            agree(auc)
            return seconds
          },
        },
        peer: { run: async () => askPeer(task) },
        figures: () => auc,
        close: () => python.close(),
      }
    },
  }
}

/** The same quality first, else no time is reported. */
function agree({ ours, peer }: { ours?: number; peer?: number }): void {
  if (ours === undefined || peer === undefined) return
  if (peer - ours > TOLERANCE) {
    throw new Error(`our AUC is ${ours}, the peer's ${peer}: more than ${TOLERANCE} below`)
  }
}
