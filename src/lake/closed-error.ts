import { lakeError } from './errors.ts'

export const closedError = (what: string): Error =>
  lakeError('LAKE_CLOSED', `"${what}" was used after the lake was closed: open the lake again`)
