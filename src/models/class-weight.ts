/** Gives a kind of classifier the choice to let rows of label 1 count more or less than rows of label 0. */
import { z } from 'zod'
import type { ScoringKind } from './calibration/calibrated-kind.ts'
import { checkBothClasses, checkDataset, rowWeights } from './dataset.ts'
import type { Dataset } from './model.ts'

const classWeightParams = {
  positiveWeight: z
    .union([z.literal('balanced'), z.number().min(1e-6).max(1e6)])
    .default(1)
    .meta({
      description:
        'How much a row of label 1 counts beside one of label 0, 0.000001 to 1,000,000; "balanced": both classes count the same in all, and all rows together as much as without it. Probabilities move with it, unless `calibration` puts them back.',
      unit: 'rows of label 0',
    }),
}

type ClassWeightParams = z.infer<z.ZodObject<typeof classWeightParams>>

/** The kind with one more parameter; wrap it in `withCalibration`, whose rows keep their own weights. */
export function withClassWeight<Shape extends z.ZodRawShape>(
  kind: ScoringKind<Shape>,
): ScoringKind<Shape & typeof classWeightParams> {
  return {
    ...kind,
    params: kind.params.extend(classWeightParams) as unknown as z.ZodObject<
      Shape & typeof classWeightParams
    >,
    memoryBytes: (rows, features, levels, chosen) =>
      kind.memoryBytes(rows, features, levels, parted<Shape>(chosen as ClassWeightParams).params),
    fit(data, chosen, context) {
      const { positiveWeight, params } = parted<Shape>(chosen as ClassWeightParams)
      return kind.fit(weightClasses(data, positiveWeight), params, context)
    },
  }
}

/** The parameter of this file and those of the kind. */
function parted<Shape extends z.ZodRawShape>({ positiveWeight, ...own }: ClassWeightParams) {
  return { positiveWeight, params: own as unknown as z.infer<z.ZodObject<Shape>> }
}

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. */
function weightClasses(data: Dataset, positive: ClassWeightParams['positiveWeight']): Dataset {
  if (positive === 1) return data
  checkDataset(data, 'class')
  checkBothClasses(data.label!)
  const weight = rowWeights(data)
  const [zeros, ones] = factors(data.label!, weight, positive)
  return { ...data, weight: weight.map((v, r) => v * (data.label![r] === 1 ? ones : zeros)) }
}

function factors(
  label: Float64Array,
  weight: Float64Array,
  positive: ClassWeightParams['positiveWeight'],
): [zeros: number, ones: number] {
  if (positive !== 'balanced') return [1, positive]
  const mass: [number, number] = [0, 0]
  label.forEach((y, r) => (mass[y === 1 ? 1 : 0] += weight[r]!))
  const half = (mass[0] + mass[1]) / 2
  return [half / mass[0], half / mass[1]]
}
