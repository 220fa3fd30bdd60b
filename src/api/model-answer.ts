/** Models, versions and jobs as the routes show them. */
import type { z } from 'zod'
import { appError, missingOf, type RunningApp } from '../app/index.ts'
import { quote } from '../core/index.ts'
import type { Sent } from './define-route.ts'
import { apiError } from './errors.ts'
import type { modelSchema, versionSchema, versionSummarySchema } from './schemas/model-schemas.ts'

type ModelVersion = ReturnType<RunningApp['registry']['version']>
type ModelSpec = NonNullable<ReturnType<RunningApp['models']['get']>>

/** Throws API_UNKNOWN_RESOURCE for a model that the app does not declare. */
export function declaredModel(app: RunningApp, name: string): ModelSpec {
  const spec = app.models.get(name)
  if (spec) return spec
  if (Object.hasOwn(app.definition.models ?? {}, name)) {
    throw appError(
      'APP_ROLE_NOT_STARTED',
      `model ${name} is not in this process, which has the roles ${[...app.roles].join(', ')}: ask one with sink`,
      { details: { role: 'sink', started: [...app.roles] } },
    )
  }
  const names = [...app.models.keys()].join(', ')
  throw apiError(
    'API_UNKNOWN_RESOURCE',
    `there is no model ${quote(name)}: the app declares ${names || 'none'}`,
    { details: { model: name.slice(0, 64) } },
  )
}

const summaryOf = (app: RunningApp, model: string) =>
  app.registry.models().find(({ name }) => name === model)

/** The versions of a declared model; none before the first. */
export function versionsOf(app: RunningApp, model: string): readonly ModelVersion[] {
  declaredModel(app, model)
  return summaryOf(app, model) ? app.registry.versions(model) : []
}

/** A version by number or alias. Throws API_UNKNOWN_RESOURCE, REGISTRY_UNKNOWN_VERSION. */
export function versionOf(app: RunningApp, model: string, ref: number | string): ModelVersion {
  const versions = versionsOf(app, model)
  if (versions.length > 0) return app.registry.version(model, ref)
  throw apiError(
    'API_UNKNOWN_RESOURCE',
    `model ${model} has no version yet: it ${missingOf(model, app)}`,
  )
}

export function modelAnswer(spec: ModelSpec, app: RunningApp): Sent<z.output<typeof modelSchema>> {
  const summary = summaryOf(app, spec.name)
  const live = app.serving.live().find(({ model }) => model === spec.name)
  return {
    name: spec.name,
    task: spec.task,
    kind: spec.kind,
    table: spec.table,
    versions: summary?.versions ?? 0,
    champion: summary?.champion ?? null,
    aliases: summary?.aliases ?? {},
    live: live ? { version: live.version, digest: live.digest, loadedAt: live.loadedAt } : null,
    problem: app.serving.problems().find(({ model }) => model === spec.name)?.problem ?? null,
    waiting: summary?.champion === undefined ? `${spec.name} ${missingOf(spec.name, app)}` : null,
  }
}

export function versionSummary(
  version: ModelVersion,
  app: RunningApp,
): Sent<z.output<typeof versionSummarySchema>> {
  const aliases = summaryOf(app, version.model)?.aliases ?? {}
  return {
    model: version.model,
    version: version.version,
    status: version.status,
    aliases: Object.keys(aliases).filter((alias) => aliases[alias] === version.version),
    kind: version.kind,
    task: version.task,
    set: version.set,
    rows: version.lineage.rows,
    reports: version.reports,
    ...(version.warnings && { warnings: version.warnings }),
    gate: version.gate,
    createdAt: version.createdAt,
    durationMs: version.durationMs,
    digest: version.digest,
  }
}

export function versionAnswer(
  version: ModelVersion,
  app: RunningApp,
): Sent<z.output<typeof versionSchema>> {
  return {
    ...versionSummary(version, app),
    params: version.params,
    ...(version.importance && { importance: version.importance }),
    ...(version.search && { search: version.search }),
    lineage: version.lineage,
    ...(version.parent === undefined ? {} : { parent: version.parent }),
    bytes: version.bytes,
  }
}
