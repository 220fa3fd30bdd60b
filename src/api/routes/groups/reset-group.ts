/**
 * POST /v1/groups/{group}/reset
 *
 * Sets where a group reads next. The group must have no members.
 *
 * - `topic` (body, required)
 * - `to` (body, required): `{"at":"earliest"}`, `{"at":"latest"}`, `{"at":"offset","offset":17}` or
 *   `{"at":"time","time":"2026-01-01T00:00:00Z"}` (the first record of that time or later)
 * - `partition` (body, default: all)
 * - `dryRun` (body, default false): says what would be set
 *
 * 200 · 404 no such topic or partition · 409 the group has members · 422
 *
 * `{"group":"mine","dryRun":false,"offsets":[{"topic":"ratings","partition":0,"offset":0}]}`
 */
import { z } from 'zod'
import type { RunningApp } from '../../../app/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { groupName, topicName } from '../../schemas/input.ts'

const target = z.discriminatedUnion('at', [
  z.strictObject({ at: z.literal('earliest') }),
  z.strictObject({ at: z.literal('latest') }),
  z.strictObject({ at: z.literal('offset'), offset: z.int().min(0) }),
  z.strictObject({ at: z.literal('time'), time: z.iso.datetime({ offset: true }) }),
])

export const resetGroup = defineRoute({
  method: 'POST',
  path: '/v1/groups/:group/reset',
  tag: 'groups',
  summary: 'Set the offsets of a group',
  params: z.strictObject({ group: groupName }),
  body: z.strictObject({
    topic: topicName,
    to: target,
    partition: z.int().min(0).optional(),
    dryRun: z.boolean().default(false),
  }),
  answer: z.object({
    group: z.string(),
    dryRun: z.boolean(),
    offsets: z.array(z.object({ topic: z.string(), partition: z.int(), offset: z.int() })),
  }),
  problems: [404, 409],
  handler: async ({ params: { group }, body }, { app }) => {
    const { topic, partition, to, dryRun } = body
    const info = await app.log.topic(topic)
    const partitions = info.partitions.filter(
      (one) => partition === undefined || one.partition === partition,
    )
    if (partitions.length === 0) {
      throw apiError('API_UNKNOWN_RESOURCE', `topic ${topic} has no partition ${partition}`)
    }
    const offsets = await Promise.all(
      partitions.map(async (place) => ({
        topic,
        partition: place.partition,
        offset: await targetOffset(app, topic, place, to),
      })),
    )
    if (!dryRun) await app.log.resetGroup(group, offsets)
    return { group, dryRun, offsets }
  },
})

function targetOffset(
  app: RunningApp,
  topic: string,
  place: { readonly partition: number; readonly earliest: number; readonly end: number },
  to: z.output<typeof target>,
): number | Promise<number> {
  switch (to.at) {
    case 'earliest':
      return place.earliest
    case 'time':
      return app.log.offsetForTime(topic, place.partition, Date.parse(to.time))
    case 'offset':
      return Math.min(Math.max(to.offset, place.earliest), place.end)
    default:
      return place.end
  }
}
