/** Parameters of both kinds of boosted trees. */
import { z } from 'zod'

export const boostedTreesParams = z.strictObject({
  trees: z.int().min(1).max(10_000).default(100).meta({
    description: 'Most trees; fewer when `patience` ends it earlier.',
    unit: 'trees',
  }),
  learningRate: z.number().min(0.0001).max(1).default(0.1).meta({
    description: 'η, the part of each tree that is taken; half of it wants twice the trees.',
    unit: 'share',
  }),
  maxLeaves: z.int().min(2).max(1_024).default(31).meta({
    description: 'Most leaves of a tree: how many inputs may act together.',
    unit: 'leaves',
  }),
  maxDepth: z.int().min(1).max(64).default(32).meta({
    description: 'Most splits between root and leaf.',
    unit: 'splits',
  }),
  minLeafRows: z.int().min(1).max(1_000_000).default(20).meta({
    description: 'Fewest training rows in a leaf.',
    unit: 'rows',
  }),
  minLeafHessian: z.number().min(0).max(1e9).default(1e-3).meta({
    description: 'Least sum of second derivatives of the loss in a leaf.',
    unit: 'row weight',
  }),
  regularization: z.number().min(0).max(1e9).default(1).meta({
    description: 'λ, strength of the L2 penalty on the values of leaves.',
    unit: 'row weight',
  }),
  minGain: z.number().min(0).max(1e100).default(0).meta({
    description: 'A split must gain more than this.',
    unit: 'twice the summed loss',
  }),
  maxBins: z.int().min(2).max(254).default(254).meta({
    description: 'Most bins of a feature, most levels of a category that are told apart.',
    unit: 'bins',
  }),
  rowShare: z.number().min(0.01).max(1).default(1).meta({
    description: 'Part of the rows that each tree learns from, drawn by the seed.',
    unit: 'share',
  }),
  columnShare: z.number().min(0.01).max(1).default(1).meta({
    description: 'Part of the inputs that each tree may split by, drawn by the seed.',
    unit: 'share',
  }),
  categorySmoothing: z.number().min(0).max(1e6).default(10).meta({
    description: 'Pulls rare levels of a category towards the others.',
    unit: 'row weight',
  }),
  monotone: z
    .record(z.string(), z.enum(['increasing', 'decreasing']))
    .default({})
    .meta({
      description: 'Features by name that the answer may only rise or fall with.',
      unit: 'direction',
      examples: [{ price: 'decreasing' }],
    }),
  patience: z.int().min(0).max(1_000).default(0).meta({
    description:
      'Stop when the loss on held-out rows has not fallen for so many trees, and keep the best number of trees; 0: never stop.',
    unit: 'trees',
  }),
  heldOutShare: z.number().min(0.01).max(0.5).default(0.1).meta({
    description:
      'Part of the rows that `patience` looks at and no tree learns from, drawn by the seed.',
    unit: 'share',
  }),
})
export type BoostedTreesParams = z.infer<typeof boostedTreesParams>
