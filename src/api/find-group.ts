import type { RunningApp } from '../app/index.ts'
import { quote } from '../core/index.ts'
import { apiError } from './errors.ts'

type Group = Awaited<ReturnType<RunningApp['log']['groups']>>[number]

/** Throws API_UNKNOWN_RESOURCE. */
export async function findGroup(app: RunningApp, name: string): Promise<Group> {
  const group = (await app.log.groups()).find((one) => one.group === name)
  if (group) return group
  throw apiError(
    'API_UNKNOWN_RESOURCE',
    `there is no consumer group ${quote(name)}: GET /v1/groups lists them`,
    { details: { group: name.slice(0, 255) } },
  )
}
