/** Lists of a recommender as tables: one row an item, and what stands in for whom. */
import type { ListAnswer } from '../api/index.ts'
import type { Output } from './output.ts'
import { figure } from './version-text.ts'

export async function listTable(answer: ListAnswer, output: Output): Promise<void> {
  const { model, version, fallback, items } = answer
  await output.table(
    ['ITEM', 'SCORE', 'SOURCE', 'FACTS'],
    items.map(({ item, score, source, attributes }) => [
      item,
      figure(score),
      source,
      attributes === undefined ? null : JSON.stringify(attributes),
    ]),
  )
  output.note(version === null ? `${model}: no version yet` : `by ${model}@${version}`)
  if (fallback !== null) output.note(`note: ${fallback}`)
}

/** Options of the commands that answer lists. */
export interface ListOptions {
  readonly model?: string
  readonly limit?: number
  readonly filter?: string
}

export const LIST_MAX = 1_000
