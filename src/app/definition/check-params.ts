/** What only a model's kind can say: that it is there, and takes the parameters and the values that a search tries. */
import { type Issue, escapePointer, isMillraceError, quote } from '../../core/index.ts'
import { openKind, openRecommenderKind, parseParams } from '../../models/index.ts'
import type { ModelSpec } from '../../training/index.ts'
import { appError } from '../errors.ts'

type OpenedKind = Awaited<ReturnType<typeof openKind | typeof openRecommenderKind>>

/** Throws APP_INVALID with an issue per field. */
export async function checkParams(specs: readonly ModelSpec[]): Promise<void> {
  const issues: Issue[] = []
  for (const spec of specs) issues.push(...(await issuesOf(spec)))
  const [first] = issues
  if (!first) return
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  throw appError(
    'APP_INVALID',
    `${first.path.slice(1).replaceAll('/', '.')}: ${first.message}${more}`,
    { details: { issues } },
  )
}

async function issuesOf(spec: ModelSpec): Promise<Issue[]> {
  const path = `/models/${escapePointer(spec.name)}`
  const kind = await open(spec, path)
  if (Array.isArray(kind)) return kind
  if (kind.task !== spec.task) {
    const message = `${quote(spec.kind)} is a kind of ${kind.task}, and ${spec.name} is a ${spec.task}`
    return [{ path: `${path}/kind`, message }]
  }
  if (spec.retrain.refresh && !('refresh' in kind)) {
    const message = `${quote(spec.kind)} can only be trained in full: remove refresh, or choose the kind als`
    return [{ path: `${path}/retrain/refresh`, message }]
  }
  const issues = paramIssues(kind, spec.params, '').map((issue) => ({
    path: `${path}/params${issue.path}`,
    message: issue.message,
  }))
  return issues.length > 0 ? issues : searchIssues(kind, spec, `${path}/search/values`)
}

async function open(spec: ModelSpec, path: string): Promise<OpenedKind | Issue[]> {
  try {
    return await (spec.task === 'recommender'
      ? openRecommenderKind(spec.kind)
      : openKind(spec.kind))
  } catch (error) {
    if (!isMillraceError(error, 'MODEL_UNKNOWN_KIND')) throw error
    return [{ path: `${path}/kind`, message: error.message }]
  }
}

/** Each value by itself, on top of the declared parameters. */
function searchIssues(kind: OpenedKind, spec: ModelSpec, path: string): Issue[] {
  if (spec.search === undefined) return []
  const space = spec.search.values ?? kind.searchSpace
  if (Object.keys(space).length === 0) {
    const message = `${quote(spec.kind)} has no parameter to search for: remove the search, or choose another kind`
    return [{ path: path.slice(0, path.lastIndexOf('/')), message }]
  }
  return Object.entries(space).flatMap(([name, values]) =>
    [...values.entries()].flatMap(([index, value]) =>
      paramIssues(kind, { ...spec.params, [name]: value }, `/${escapePointer(name)}`)
        .slice(0, 1)
        .map(({ message }) => ({
          path: `${path}/${escapePointer(name)}/${index}`,
          message: `${JSON.stringify(value)} ${message}`,
        })),
    ),
  )
}

/** Issues of parameters, those at or below `at`. */
function paramIssues(kind: OpenedKind, params: ModelSpec['params'], at: string): readonly Issue[] {
  try {
    parseParams<unknown>(kind, params)
    return []
  } catch (error) {
    if (!isMillraceError(error, 'MODEL_INVALID_PARAMS')) throw error
    const issues = error.details['issues'] as readonly Issue[]
    return issues.filter(({ path }) => path.startsWith(at))
  }
}
