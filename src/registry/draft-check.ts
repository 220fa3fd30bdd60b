/** What is refused before anything is stored. */
import { checkName, coreError, quote } from '../core/index.ts'
import type { Artifact } from '../models/index.ts'
import type { VersionDraft } from './registry.ts'

export function checkDraft(draft: VersionDraft, artifact: Artifact): void {
  checkName(draft.model, 'model name')
  if (artifact.kind === draft.kind && artifact.task === draft.task) return
  throw coreError(
    'CORE_INVALID_INPUT',
    `the draft of "${draft.model}" says ${draft.task} "${draft.kind}", its artifact ${artifact.task} "${artifact.kind}": hand over the artifact of that training`,
    { details: { field: 'kind' } },
  )
}

export function checkAlias(alias: string): void {
  checkName(alias, 'alias')
  if (!/^\d+$/.test(alias)) return
  throw coreError(
    'CORE_INVALID_NAME',
    `alias ${quote(alias)} would read as a version number: use a name such as "challenger"`,
    { details: { field: 'alias' } },
  )
}
