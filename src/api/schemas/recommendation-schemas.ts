/** What the recommender routes take and answer. */
import { z } from 'zod'
import { parseDuration } from '../../core/index.ts'
import { flag, modelName, plainName, versionRef, wholeNumber } from './input.ts'

/** Ids are texts of any kind; longer ones are no ids. */
const MOST_ID_CHARS = 10_240
const LIST_MAX = 1_000
const EXPRESSION_MAX = 2_000

export const itemId = z.string().min(1).max(MOST_ID_CHARS).describe('Id of an item')
export const userId = z.string().min(1).max(MOST_ID_CHARS).describe('Id of a user')

export const recommenderRef = modelName
  .optional()
  .describe('Name of a recommender. Default: the first that the app declares')
export const askedVersion = versionRef.default('champion')
export const listLimit = wholeNumber({ min: 1, max: LIST_MAX }).default(10)

const expression = (use: string) => z.string().min(1).max(EXPRESSION_MAX).describe(use)
const filter = expression("Only items for which it is true: price < 20 and 'comedy' in genres")
const boost = expression('What the score is multiplied with: if year > 2000 then 1.3 else 1')
const diversity = 'From 0 (best scores) to 1 (least alike)'
const explore = 'Share of places given to any candidate, each with its propensity: 0 to 1'
const scenario = plainName.describe('Rules that the app declares for this place')

/** One value or several: `exclude=a&exclude=b`. Ids may hold commas, so nothing is split. */
const ids = z.union([itemId, z.array(itemId).max(LIST_MAX)]).transform((given) => [given].flat())

/** A share in a query, in plain decimals. */
const share = z
  .string()
  .regex(/^(0|1|0?\.\d{1,6}|1\.0{1,6})$/, { error: 'write a number from 0 to 1, such as 0.3' })
  .transform(Number)

/** Of routes that answer lists. */
export const listQuery = {
  model: recommenderRef,
  version: askedVersion,
  limit: listLimit,
  cursor: z.string().min(1).max(12_000).optional().describe('`next` of the answer before'),
  exclude: ids.optional().describe('Items to leave out; may be repeated'),
  allow: ids.optional().describe('Only these items; may be repeated'),
  filter: filter.optional(),
  boost: boost.optional(),
  diversity: share.optional().describe(diversity),
  explore: share.optional().describe(explore),
  scenario: scenario.optional(),
  trace: flag.describe('Say how the list came about'),
}

/** Of lists that are the same for everyone. */
const { version: _version, ...plain } = listQuery
export const plainListQuery = plain

/** In milliseconds. */
export const halfLife = z
  .string()
  .regex(/^\d{1,6}(ms|s|m|h|d)$/, { error: 'write a duration such as 30m, 12h or 7d' })
  .transform((text) => parseDuration(text))
  .default(7 * 24 * 3_600_000)

const contextItem = z.strictObject({ item: itemId, value: z.number().positive().optional() })

export const whoBody = {
  user: userId.optional(),
  users: z.array(userId).min(1).max(100).optional().describe('A group'),
  strategy: z.enum(['mean', 'least-misery']).default('mean').describe('How a group is joined'),
  context: z
    .array(contextItem)
    .max(LIST_MAX)
    .optional()
    .describe('Items of a session or basket; nothing of it is kept'),
}

/** What becomes of a user of whom the model knows nothing. */
export const coldStart = z
  .enum(['chain', 'error'])
  .default('chain')
  .describe('error: 404 instead of what stands in for an unknown user')

export const listBody = {
  model: modelName.optional(),
  version: z.union([z.int().min(1), versionRef]).default('champion'),
  limit: z.int().min(1).max(LIST_MAX).default(10),
  cursor: z.string().min(1).max(12_000).optional(),
  includeKnown: z.boolean().default(false),
  exclude: z.array(itemId).max(LIST_MAX).default([]),
  allow: z.array(itemId).max(10_000).optional(),
  filter: filter.optional(),
  boost: boost.optional(),
  diversity: z.number().min(0).max(1).optional().describe(diversity),
  explore: z.number().min(0).max(1).optional().describe(explore),
  scenario: scenario.optional(),
  trace: z.boolean().default(false),
}

const origin = {
  model: z.string(),
  version: z.int().nullable().describe('Null before the first version'),
  digest: z.string().nullable(),
  dataAsOf: z.number().nullable().describe('Newest event that is known, milliseconds since 1970'),
}
const source = z.enum(['fold-in', 'model', 'new-item', 'trending', 'popular', 'newest'])
export const attributes = z.record(z.string(), z.unknown()).describe('Catalogue entry')

const trace = z.object({
  scoreUnit: z.string().nullable(),
  history: z.object({
    items: z.int(),
    newest: z.number().nullable(),
    unknownToModel: z.int(),
  }),
  foldedAgoMs: z.number().nullable(),
  rules: z.array(z.string()),
  removed: z.array(z.object({ item: z.string(), rule: z.string() })),
  sources: z.record(z.string(), z.int()),
  diversity: z
    .object({ similarityBefore: z.number(), similarityAfter: z.number(), ndcgLoss: z.number() })
    .optional(),
})

export const listAnswer = z.object({
  recommendationId: z.string().describe('Events that carry it are counted as answers to this list'),
  scenario: z.string().optional(),
  ...origin,
  source: z.union([source, z.literal('none')]).describe('Of the first item'),
  fallback: z.string().nullable().describe('Why the list, or its end, is not personal'),
  items: z.array(
    z.object({
      item: z.string(),
      score: z.number(),
      source,
      propensity: z.number().optional().describe('Of a list that explores: how likely this was'),
      attributes: attributes.optional(),
    }),
  ),
  next: z.string().nullable().describe('Cursor of the next page'),
  trace: trace.optional(),
})

export const becauseAnswer = z.object({
  ...origin,
  user: z.string(),
  item: z.string(),
  score: z.number(),
  base: z.number(),
  contributions: z
    .array(z.object({ item: z.string(), value: z.number(), contribution: z.number() }))
    .describe('base + their sum = score'),
  fallback: z.string().nullable(),
})

export const estimatesAnswer = z.object({
  ...origin,
  scoreUnit: z.string().nullable(),
  estimates: z.array(
    z.object({
      item: z.string(),
      score: z.number().nullable(),
      isKnown: z.boolean(),
      fallback: z.string().nullable(),
    }),
  ),
})

export const usersAnswer = z.object({
  ...origin,
  item: z.string(),
  users: z.array(z.object({ user: z.string(), score: z.number() })),
  fallback: z.string().nullable(),
})

export const knownItem = z.object({
  item: z.string(),
  value: z.number(),
  time: z.number().describe('Milliseconds since 1970'),
  attributes: attributes.optional(),
})

export const surprisingAnswer = z.object({
  ...origin,
  user: z.string(),
  items: z.array(knownItem.extend({ score: z.number() })),
  fallback: z.string().nullable(),
})

export const userAnswer = z.object({
  user: z.string(),
  items: z.int().describe('Items that the user has now'),
  last: z.number().nullable().describe('Newest event, milliseconds since 1970'),
})

export const itemAnswer = z.object({
  item: z.string(),
  attributes,
  users: z.int().describe('Users who have it now'),
  first: z.number().nullable().describe('Milliseconds since 1970'),
  last: z.number().nullable(),
})

export const writtenItem = z.object({
  item: z.string(),
  partition: z.int(),
  offset: z.int().describe('Of the event; −1 while it waits for a cluster that is away'),
})
