/** Parameters of both kinds of random forests. */
import { z } from 'zod'

export const randomForestParams = z.strictObject({
  trees: z.int().min(1).max(2_000).default(100).meta({
    description: 'Trees; more never hurt, the gain ends at a few hundred.',
    unit: 'trees',
  }),
  maxLeaves: z.int().min(2).max(4_096).default(512).meta({
    description: 'Most leaves of a tree.',
    unit: 'leaves',
  }),
  maxDepth: z.int().min(1).max(64).default(32).meta({
    description: 'Most splits between root and leaf.',
    unit: 'splits',
  }),
  minLeafRows: z.int().min(1).max(1_000_000).default(5).meta({
    description: 'Fewest different training rows in a leaf.',
    unit: 'rows',
  }),
  regularization: z.number().min(0).max(1e9).default(1).meta({
    description: 'λ, rows of evidence that pull a leaf towards the mean of all.',
    unit: 'row weight',
  }),
  maxBins: z.int().min(2).max(254).default(254).meta({
    description: 'Most bins of a feature, most levels of a category that are told apart.',
    unit: 'bins',
  }),
  columnShare: z.number().min(0).max(1).default(0).meta({
    description:
      'Part of the inputs that each split may choose from, drawn by the seed; 0: the square root of their number (classifier) or a third of it (regressor).',
    unit: 'share',
  }),
})
export type RandomForestParams = z.infer<typeof randomForestParams>
