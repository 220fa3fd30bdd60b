/** What a route of an app may use: the running app, as little of it as a route needs. */
import { coreError } from '../core/index.ts'
import type { Ingest } from '../ingest/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Recommendations, Serving } from '../serving/index.ts'
import type { RouteContext } from './define-app.ts'
import type { QueryService, RoleReadiness } from './running-app.ts'

export interface RouteContextOptions {
  readonly app: string
  readonly serving: Serving
  readonly recommendations: Recommendations
  readonly query: QueryService
  readonly registry: Registry
  readonly ingest: Ingest
  readonly readiness: () => Promise<readonly RoleReadiness[]>
}

export function createRouteContext(options: RouteContextOptions): RouteContext {
  const { serving, recommendations, query, registry, ingest } = options
  return {
    predict: (model, rows, given) => serving.predict(model, rows, given),
    scores: (model, given) => serving.scores(model, given),
    profiles: (model, version) => serving.profiles(model, version),
    recommendations,
    sql: (text, given) => query.run(text, given),
    // A model that has no version yet is known all the same; the registry hears of it with its first version.
    versions: (model) =>
      registry.models().some(({ name }) => name === model) ? registry.versions(model) : [],
    version: (model, ref) => registry.version(model, ref),
    async publish(topic, event) {
      const body = new TextEncoder().encode(JSON.stringify(event))
      const source = `app:${options.app}`
      const result = await ingest.receive(topic, body, { format: 'json', source })
      const [rejected] = result.rejected
      if (rejected) {
        throw coreError(
          'CORE_INVALID_INPUT',
          `the event for topic "${topic}" is not valid: ${rejected.issues.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
          { details: { issues: rejected.issues } },
        )
      }
      const range = result.offsets[0] ?? result.duplicateOffsets[0]
      return { partition: range?.partition ?? 0, offset: range?.last ?? -1 }
    },
    async readiness() {
      const roles = await options.readiness()
      return {
        ready: roles.every(({ ready }) => ready),
        waiting: roles.flatMap(({ waiting }) => waiting),
      }
    },
  }
}
