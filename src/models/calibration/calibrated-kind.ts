/** Gives a kind of classifier the choice to calibrate its probabilities on rows that are set apart. */
import { z } from 'zod'
import { createRandom } from '../../kernels/index.ts'
import { readTensor } from '../artifact-reader.ts'
import { checkBothClasses, checkDataset, rowWeights, selectRows } from '../dataset.ts'
import { modelError } from '../errors.ts'
import { sigmoid } from '../log-odds.ts'
import type {
  Artifact,
  Dataset,
  FitContext,
  FittedClassifier,
  ModelKind,
  PredictInput,
  Unknown,
} from '../model.ts'
import { stretchExplanation } from '../stretch-explanation.ts'
import { holdOut } from '../trees/tree-sampling.ts'
import { calibrate, fitIsotonic, fitPlatt, type Calibrator } from './calibrator.ts'

const calibrationParams = {
  calibration: z.enum(['none', 'platt', 'isotonic']).default('none').meta({
    description:
      'Makes probabilities hold on rows that are set apart for it: platt (a curve of two numbers, for little data) or isotonic (any rising curve, from about 1,000 such rows).',
    unit: 'method',
  }),
  calibrationShare: z.number().min(0.05).max(0.5).default(0.2).meta({
    description: 'Part of the rows that is set apart for calibration, drawn by the seed.',
    unit: 'share',
  }),
}

/** What a kind of classifier must also tell to be calibrated. */
export interface ScoringClassifier extends FittedClassifier {
  /** Log-odds of label 1, one per row. */
  readonly score: (input: PredictInput) => {
    readonly score: Float64Array
    readonly unknown: Unknown
  }
}

export interface ScoringKind<Shape extends z.ZodRawShape> extends Omit<
  ModelKind<'classifier', z.infer<z.ZodObject<Shape>>>,
  'params' | 'fit' | 'load'
> {
  readonly params: z.ZodObject<Shape>
  fit(
    data: Dataset,
    params: z.infer<z.ZodObject<Shape>>,
    context: FitContext,
  ): Promise<ScoringClassifier>
  load(artifact: Artifact): ScoringClassifier
}

type CalibrationParams = z.infer<z.ZodObject<typeof calibrationParams>>

/**
 * The kind with two more parameters. Without calibration nothing changes; with it, the classifier learns from the other
 * rows, and probabilities and explanations go through the calibrator.
 */
export function withCalibration<Shape extends z.ZodRawShape>(
  kind: ScoringKind<Shape>,
): ModelKind<'classifier', z.infer<z.ZodObject<Shape>> & CalibrationParams> {
  type Params = z.infer<z.ZodObject<Shape>> & CalibrationParams
  return {
    ...kind,
    params: kind.params.extend(calibrationParams) as unknown as z.ZodType<Params>,
    async fit(data, chosen, context) {
      const { calibration, calibrationShare, ...own } = chosen
      const params = own as unknown as z.infer<z.ZodObject<Shape>>
      if (calibration === 'none') {
        return withChosen(await kind.fit(data, params, context), chosen)
      }
      checkDataset(data, 'class')
      checkBothClasses(data.label!)
      const random = createRandom(context.seed)
      const { train, held } = holdOut(data.matrix.rows, calibrationShare, random)
      checkHeldOut(data, held)
      const fitted = await kind.fit(selectRows(data, train), params, context)
      const asked = selectRows(data, held)
      const { score } = fitted.score(inputOf(asked))
      const rows = { score, label: asked.label!, weight: rowWeights(asked) }
      const calibrator =
        calibration === 'platt' ? await fitPlatt(rows, context.signal) : fitIsotonic(rows)
      return calibrated(fitted, calibrator, chosen)
    },
    load(artifact) {
      const fitted = kind.load(withoutCalibration(artifact))
      const calibrator = readCalibrator(artifact)
      if (!calibrator) return withChosen(fitted, artifact.params)
      return calibrated(fitted, calibrator, artifact.params)
    },
  }
}

const SCORES = 'calibration/score'
const PROBABILITIES = 'calibration/probability'

type Chosen = Artifact['params']

/** An artifact holds all parameters, those of calibration too. */
const withChosen = (fitted: FittedClassifier, chosen: Chosen): FittedClassifier => ({
  ...fitted,
  save: () => ({ ...fitted.save(), params: chosen }),
})

function calibrated(
  fitted: ScoringClassifier,
  calibrator: Calibrator,
  chosen: Chosen,
): FittedClassifier {
  const moved = (score: number): number => calibrate(calibrator, score)
  return {
    ...fitted,
    predictProba(input) {
      const { score, unknown } = fitted.score(input)
      return { probability: score.map((s) => sigmoid(moved(s))), unknown }
    },
    explain: (input) => stretchExplanation(fitted.explain(input), moved),
    save: () => writeCalibrator(fitted.save(), calibrator, chosen),
  }
}

function checkHeldOut(data: Dataset, held: Int32Array): void {
  const ones = held.reduce((count, r) => count + data.label![r]!, 0)
  if (ones > 0 && ones < held.length) return
  throw modelError(
    'MODEL_TOO_FEW_ROWS',
    `calibration has ${held.length} rows set apart, all of one class: wait for more rows, set calibrationShare higher, or calibration to "none"`,
    { details: { rows: data.matrix.rows } },
  )
}

const inputOf = ({ matrix, categories }: Dataset): PredictInput => ({
  matrix,
  categories: Object.fromEntries(
    categories.map(({ name, levels, codes }) => [
      name,
      Array.from(codes, (code) => levels[code] ?? null),
    ]),
  ),
})

function writeCalibrator(artifact: Artifact, calibrator: Calibrator, params: Chosen): Artifact {
  if (calibrator.method === 'platt') {
    return { ...artifact, params, facts: { ...artifact.facts, calibration: calibrator } }
  }
  const { method, scores, probabilities } = calibrator
  const shape = [scores.length]
  return {
    ...artifact,
    params,
    facts: { ...artifact.facts, calibration: { method } },
    tensors: {
      ...artifact.tensors,
      [SCORES]: { shape, data: scores },
      [PROBABILITIES]: { shape, data: probabilities },
    },
  }
}

const calibrationFacts = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('platt'), slope: z.number().min(0), intercept: z.number() }),
  z.strictObject({ method: z.literal('isotonic') }),
])

/** The artifact of the classifier itself. */
export function withoutCalibration(artifact: Artifact): Artifact {
  const { calibration: _, ...facts } = artifact.facts
  const { [SCORES]: __, [PROBABILITIES]: ___, ...tensors } = artifact.tensors
  return { ...artifact, facts, tensors }
}

/** Undefined when there is none. Throws MODEL_ARTIFACT_INVALID. */
export function readCalibrator(artifact: Artifact): Calibrator | undefined {
  const facts = artifact.facts['calibration']
  if (facts === undefined) return undefined
  const parsed = calibrationFacts.safeParse(facts)
  const shape = [artifact.tensors[SCORES]?.shape[0] ?? 0]
  if (!parsed.success || (parsed.data.method === 'isotonic' && shape[0] === 0)) {
    throw modelError(
      'MODEL_ARTIFACT_INVALID',
      `the calibration of the ${artifact.kind} artifact is wrong: train the version again`,
    )
  }
  if (parsed.data.method === 'platt') return parsed.data
  return {
    method: 'isotonic',
    scores: readTensor(artifact, SCORES, Float64Array, shape),
    probabilities: readTensor(artifact, PROBABILITIES, Float64Array, shape),
  }
}
