/** From a generator's name and options to its stream. */
import { issuesOf, quote } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { generators, loadGenerator, type GeneratorName } from './catalog.ts'
import type { Generated } from './generator.ts'

/** Throws INGEST_UNKNOWN_SOURCE, INGEST_INVALID_REPLAY. */
export async function openGenerator(
  name: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Generated> {
  if (!Object.hasOwn(generators, name)) {
    throw ingestError(
      'INGEST_UNKNOWN_SOURCE',
      `there is no generator ${quote(name)}: use one of ${Object.keys(generators).join(', ')}`,
    )
  }
  const generator = await loadGenerator(name as GeneratorName)
  const parsed = generator.options.safeParse(options)
  if (!parsed.success) {
    const issues = issuesOf(parsed.error)
    throw ingestError(
      'INGEST_INVALID_REPLAY',
      `generator ${quote(name)}: option ${issues[0]?.path ?? ''} ${issues[0]?.message ?? ''}`,
      { details: { issues } },
    )
  }
  return generator.create(parsed.data)
}
