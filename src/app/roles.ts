/**
 * What of an app runs in this process (design D13). On a log that several processes share, each names its part: one takes
 * events, another keeps tables and models. Training and serving read the tables of their own process, so they go with `sink`.
 */
import { quote } from '../core/index.ts'
import type { Ingest } from '../ingest/index.ts'
import type { Serving } from '../serving/index.ts'
import type { Trainer } from '../training/index.ts'
import { appError } from './errors.ts'

export const START_ROLES = ['broker', 'ingest', 'sink', 'train', 'serve'] as const
/**
 * `broker`: the port for Kafka clients. `ingest`: events over HTTP, and the app's sources. `sink`: tables, SQL, windows.
 * `train`: trainings. `serve`: predictions.
 */
export type StartRole = (typeof START_ROLES)[number]

/** Throws APP_INVALID_ROLES, with what to name in place. */
export function checkRoles(wanted: readonly string[] | undefined): ReadonlySet<StartRole> {
  if (wanted === undefined) return new Set(START_ROLES)
  const roles = new Set<StartRole>()
  for (const name of wanted) {
    const role = START_ROLES.find((one) => one === name)
    if (role === undefined) {
      throw invalid(`${quote(name)} is not a role: use ${START_ROLES.join(', ')}`, name)
    }
    roles.add(role)
  }
  if (roles.size === 0) throw invalid(`no role is named: use ${START_ROLES.join(', ')}`, '')
  for (const role of ['train', 'serve'] as const) {
    if (!roles.has(role) || roles.has('sink')) continue
    throw invalid(`${role} reads the tables that sink writes: name sink too`, role)
  }
  return roles
}

const invalid = (message: string, role: string): Error =>
  appError('APP_INVALID_ROLES', message, { details: { role } })

type Roles = ReadonlySet<StartRole>

const notHere = (role: StartRole, roles: Roles, what: string): (() => Promise<never>) => {
  const started = [...roles].join(', ')
  return async () => {
    throw appError(
      'APP_ROLE_NOT_STARTED',
      `this process ${what}: it was started with the roles ${started}; ask one with ${role}`,
      { details: { role, started: [...roles] } },
    )
  }
}

/** The door, shut where events are not taken. What the product writes itself does not come through it. */
export const doorOf = (ingest: Ingest, roles: Roles): Ingest =>
  roles.has('ingest') ? ingest : { ...ingest, receive: notHere('ingest', roles, 'takes no events') }

export const servingOf = (serving: Serving, roles: Roles): Serving =>
  roles.has('serve')
    ? serving
    : { ...serving, predict: notHere('serve', roles, 'serves no predictions') }

export const trainerOf = (trainer: Trainer, roles: Roles): Trainer =>
  roles.has('train') ? trainer : { ...trainer, train: notHere('train', roles, 'trains no models') }
