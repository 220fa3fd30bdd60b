/**
 * Input against its zod schema. Nothing is coerced: bodies keep their types, and the texts of queries and paths become
 * numbers only where a schema of `schemas/input.ts` says so. A failure names each field by JSON pointer (bodies) or by
 * `query/<name>`, `path/<name>`.
 */
import type { FastifySchemaCompiler } from 'fastify'
import { z } from 'zod'
import { coreError, issuesOf, type Issue } from '../core/index.ts'

const PLACES: Readonly<Record<string, string>> = {
  params: 'path',
  querystring: 'query',
  headers: 'headers',
}

/** Most issues of one answer; a body of a thousand wrong rows needs no thousand sentences. */
const ISSUES_MAX = 100

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const place = PLACES[httpPart ?? ''] ?? ''
  return (data) => {
    // A request without a body is an empty object for routes whose fields are all optional.
    const value: unknown = httpPart === 'body' && (data === undefined || data === null) ? {} : data
    const parsed = schema.safeParse(value)
    if (parsed.success) return { value: parsed.data }
    return { error: invalid(inputIssues(parsed.error, place), httpPart ?? 'body') }
  }
}

function invalid(issues: readonly Issue[], part: string): Error {
  const first = issues[0]
  const where = first === undefined || first.path === '' ? `the ${part}` : first.path
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return coreError('CORE_INVALID_INPUT', `${where}: ${first?.message ?? 'not valid'}${more}`, {
    details: { issues: issues.slice(0, ISSUES_MAX) },
  })
}

/** The issues of a parse, with the better branch of a union in place of a bare "Invalid input". */
export function inputIssues(error: z.ZodError, place = ''): Issue[] {
  const flat = error.issues.flatMap((issue) => flatten(issue, []))
  return issuesOf(new z.ZodError(flat)).map((issue) => ({
    path: place === '' ? issue.path : place + issue.path,
    message: issue.message,
  }))
}

function flatten(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): z.core.$ZodIssue[] {
  const path = [...base, ...issue.path]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }]
  // The branch that got furthest is the one that was meant: [{…}] against {…} | {…}[].
  const branches = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)
  return (branches[0] ?? []).flatMap((inner) => flatten(inner, path))
}

const depth = (branch: readonly z.core.$ZodIssue[]): number =>
  Math.max(...branch.map((inner) => inner.path.length))
