/**
 * Checks an app definition when the process starts: the form with zod, then everything that the compiler cannot know
 * (names, columns, durations, SQL that points nowhere). All issues are found at once; each names its field.
 */
import { z } from 'zod'
import { escapePointer, issuesOf, nearestName, type Issue } from '../../core/index.ts'
import { appDefinitionSchema } from './app-schema.ts'
import { checkEvents } from './check-events.ts'
import { checkModels } from './check-models.ts'
import { checkStreams } from './check-streams.ts'
import { checkPath } from './reserved-paths.ts'
import { checkTopics } from './check-topics.ts'
import type { AppDefinition } from '../define-app.ts'
import { eventCalls } from '../define-events.ts'
import { appError } from '../errors.ts'
import { namesOf, type Report } from './issue-report.ts'
import { withStreamTopics } from './streams.ts'

/** The definition, unchanged. Throws APP_INVALID with all issues in `details.issues`. */
export function checkApp(definition: unknown): AppDefinition {
  const parsed = appDefinitionSchema.safeParse(definition)
  if (!parsed.success) throw invalid(definition, settingIssues(parsed.error))
  const app = definition as AppDefinition
  const issues: Issue[] = []
  const report: Report = (path, message) => {
    issues.push({ path, message })
  }
  // Streams are made of topics, and models may learn from the tables of streams.
  const areTopicsSound = checkTopics(app, report)
  const isWhole = areTopicsSound && checkStreams(app, report)
  checkEvents(app, report)
  checkModels(isWhole ? withStreamTopics(app) : app, report)
  checkSources(app, report)
  checkRoutes(app, report)
  if (issues.length > 0) throw invalid(definition, issues)
  return app
}

/** As of any value, but a setting that there is not is answered with the one that is near. */
function settingIssues(error: z.ZodError): Issue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return issuesOf(new z.ZodError([issue]))
    const known = keysAt(appDefinitionSchema, issue.path)
    return issue.keys.map((key) => {
      const near = nearestName(key, known)
      const hint = near === undefined ? `use ${namesOf(known)}` : `did you mean "${near}"?`
      const path = [...issue.path, key].map((part) => `/${escapePointer(String(part))}`).join('')
      return { path, message: `is no setting: ${hint}` }
    })
  })
}

/** The settings of the objects that the schema has at a place. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path))
  const [next, ...rest] = path
  if (schema instanceof z.ZodObject) {
    if (next === undefined) return Object.keys(schema.shape)
    return keysAt((schema.shape as Readonly<Record<PropertyKey, unknown>>)[next], rest)
  }
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest)
  return schema instanceof z.ZodArray ? keysAt(schema.element, rest) : []
}

function checkSources(app: AppDefinition, report: Report): void {
  for (const [index, source] of (app.sources ?? []).entries()) {
    const path = `/sources/${index}`
    if (!Object.hasOwn(app.topics, source.topic)) {
      report(`${path}/topic`, `is no topic of the app: use ${namesOf(app.topics)}`)
    }
    if (!source.generator && source.file === undefined) {
      report(path, 'has neither a file nor a generator: name at least one')
    }
    if (source.alternatives && source.file === undefined) {
      report(`${path}/alternatives`, 'needs a file that they replace: set file')
    }
  }
}

function checkRoutes(app: AppDefinition, report: Report): void {
  const seen = new Set(eventCalls(app))
  for (const [index, route] of (app.routes ?? []).entries()) {
    const field = `/routes/${index}`
    const declared = route.params instanceof z.ZodObject ? Object.keys(route.params.shape) : []
    checkRoute(route.path, `${field}/path`)
    for (const param of paramsOf(route.path)) {
      if (declared.includes(param)) continue
      report(`${field}/params`, `lacks the parameter "${param}" of the path: add it`)
    }
    for (const [at, alias] of (route.aliases ?? []).entries()) {
      checkRoute(alias, `${field}/aliases/${at}`)
      const [own, others] = [paramsOf(route.path), paramsOf(alias)].map((some) =>
        some.toSorted().join(', '),
      )
      if (own === others) continue
      report(
        `${field}/aliases/${at}`,
        `has the parameters ${others || 'none'}, the path has ${own || 'none'}: give it the same`,
      )
    }

    function checkRoute(path: string, at: string): void {
      const name = `${route.method} ${path}`
      if (seen.has(name)) report(at, `"${name}" is declared twice: remove one`)
      seen.add(name)
      checkPath(path, at, report)
    }
  }
}

const paramsOf = (path: string): string[] =>
  [...path.matchAll(/:([A-Za-z0-9_]+)/g)].map(([, param]) => param ?? '')

function invalid(definition: unknown, issues: readonly Issue[]): Error {
  const name = (definition as { name?: unknown } | null)?.name
  const list = issues.map(({ path, message }) => `${dotted(path) || 'the app'}: ${message}`)
  return appError(
    'APP_INVALID',
    `the app ${typeof name === 'string' ? JSON.stringify(name) : 'definition'} is not valid; correct ${list.length === 1 ? 'this' : 'these'}: ${list.join('; ')}`,
    { details: { issues } },
  )
}

/** `/models/like/features/0` as people write it: `models.like.features[0]`. */
function dotted(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')
}
