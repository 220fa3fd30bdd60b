/** From the fields of a body to whom a list is for. */
import { coreError } from '../core/index.ts'
import type { RunningApp } from '../app/index.ts'

type Who = Parameters<RunningApp['recommendations']['recommend']>[1]

export interface WhoFields {
  readonly user?: string | undefined
  readonly users?: readonly string[] | undefined
  readonly strategy: 'mean' | 'least-misery'
  readonly context?:
    | readonly { readonly item: string; readonly value?: number | undefined }[]
    | undefined
}

/** Throws CORE_INVALID_INPUT when nobody is named, or both one and several. */
export function whoOf({ user, users, strategy, context }: WhoFields): Who {
  const items = context?.map(({ item, value }) =>
    value === undefined ? { item } : { item, value },
  )
  if (users) {
    if (user === undefined && !items) return { users, strategy }
    throw wrong('/users', 'goes with neither user nor context: a group has no basket')
  }
  if (user !== undefined) return items ? { user, context: items } : { user }
  if (items) return { context: items }
  throw wrong('', 'name a user, users or a context')
}

const wrong = (path: string, message: string): Error =>
  coreError('CORE_INVALID_INPUT', `${path || 'the body'}: ${message}`, {
    details: { issues: [{ path, message }] },
  })
