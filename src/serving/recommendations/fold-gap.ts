/**
 * How far folded-in users were from what a training made of the same events: measured at each swap, on a sample of users,
 * with both versions given the same histories.
 */
import { setImmediate } from 'node:timers/promises'
import type { InteractionTable } from '../../features/index.ts'
import type { LoadedRecommender } from './loaded-recommender.ts'
import type { FoldInGap } from './recommendations.ts'

const SAMPLE_USERS = 200
/** Users between two turns of the event loop: requests go on while this runs. */
const AT_ONCE = 2
const BEST = 10

/** Undefined when no user of the sample is known. Rests often: both versions are answering meanwhile. */
export async function measureGap(
  table: InteractionTable,
  before: LoadedRecommender,
  after: LoadedRecommender,
  nowMs: number,
): Promise<FoldInGap | undefined> {
  let users = 0
  let gap = 0
  let size = 0
  let overlap = 0
  for (const [at, user] of [...table.sampleUsers(SAMPLE_USERS)].entries()) {
    if (at % AT_ONCE === 0) await setImmediate()
    const [old, next] = [before.fold(user, nowMs).taste, after.fold(user, nowMs).taste]
    if (old.history.items.length === 0 || next.history.items.length === 0) continue
    users += 1
    const theirs = new Set(
      old.recommend({ limit: BEST }).map(({ item }) => before.fitted.items.idOf(item)),
    )
    for (const { item, score } of next.recommend({ limit: BEST })) {
      const id = after.fitted.items.idOf(item)
      const code = before.fitted.items.codeOf(id)
      gap += Math.abs(score - (code < 0 ? 0 : old.score(code)))
      size += Math.abs(score)
      overlap += theirs.has(id) ? 1 / BEST : 0
    }
  }
  if (users === 0) return undefined
  return {
    from: before.record.version,
    to: after.record.version,
    users,
    meanScoreGap: size > 0 ? gap / size : 0,
    overlapAt10: overlap / users,
  }
}
