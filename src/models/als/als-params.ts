import { z } from 'zod'

/** Every parameter of `als`; the symbols are those of README.md. */
export const alsParams = z.strictObject({
  factors: z.int().min(1).max(1_024).default(128).meta({
    description: 'd, numbers that are learned for each user and each item.',
    unit: 'factors',
  }),
  iterations: z.int().min(1).max(500).default(10).meta({
    description: 'Rounds over users and items; one more over users closes the training.',
    unit: 'iterations',
  }),
  regularization: z.number().min(1e-6).max(1e6).default(0.01).meta({
    description:
      'λ, strength of the L2 penalty on factors, multiplied by how often a user or item occurs (`regularizationPower`).',
    unit: 'of a squared score',
  }),
  regularizationPower: z.number().min(0).max(2).default(1).meta({
    description:
      'ν: the penalty of a row with n entries is λ (n + α₀ m)^ν, m the size of the other side; 0 is the same penalty for all.',
    unit: 'exponent',
  }),
  unobserved: z.number().min(1e-6).max(1e3).default(0.05).meta({
    description:
      'α₀, weight of a pair without an interaction, where a pair with one has 1 or more.',
    unit: 'weight',
  }),
  confidence: z.enum(['binary', 'log', 'value']).default('binary').meta({
    description: 'Weight c of an interaction of value r: 1, 1 + α ln(1 + r), or 1 + α r.',
    unit: 'name',
  }),
  confidenceScale: z.number().min(0).max(1e6).default(1).meta({
    description: 'α: how much the value of an interaction counts, where `confidence` uses it.',
    unit: 'weight per value',
  }),
  solver: z.enum(['cholesky', 'gradient']).default('cholesky').meta({
    description:
      'Exact solutions, or a few steps of conjugate gradients from the last ones: several times faster from 64 factors on.',
    unit: 'name',
  }),
  gradientSteps: z.int().min(1).max(100).default(3).meta({
    description: 'Steps of conjugate gradients in each solution, where `solver` is `gradient`.',
    unit: 'steps',
  }),
})
export type AlsParams = z.infer<typeof alsParams>
