/** The OpenAPI 3.1 document and the documentation page, both derived from the table of routes; the page needs no network. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui'
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
} from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { RunningApp } from '../app/index.ts'
import { packageVersion } from '../core/index.ts'
import { tags } from './define-route.ts'
import { batchSchema, tableSummarySchema } from './schemas/table-schemas.ts'
import {
  historySchema,
  jobSchema,
  lineageSchema,
  modelSchema,
  reportSchema,
} from './schemas/model-schemas.ts'
import { problemSchema } from './schemas/problem-schema.ts'

/** Answers that come up often have one place in the document. */
const shared = z.registry<{ id: string }>()
shared.add(problemSchema, { id: 'Problem' })
shared.add(batchSchema, { id: 'Batch' })
shared.add(tableSummarySchema, { id: 'TableSummary' })
shared.add(historySchema, { id: 'HistoryEntry' })
shared.add(jobSchema, { id: 'Job' })
shared.add(lineageSchema, { id: 'Lineage' })
shared.add(modelSchema, { id: 'Model' })
shared.add(reportSchema, { id: 'MetricReport' })
const toJsonSchema = {
  schemaRegistry: shared,
  zodToJsonConfig: { unrepresentable: 'any' },
} as const

export function openApiOptions(app: RunningApp): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: `Millrace: ${app.definition.name}`,
        version: packageVersion(),
        description:
          'Events in, tables, SQL, models and predictions out. Errors are problem documents (RFC 9457) with a stable `code`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: tags.map((name) => ({ name })),
      servers: [{ url: '/' }],
    },
    transform: createJsonSchemaTransform(toJsonSchema),
    transformObject: createJsonSchemaTransformObject(toJsonSchema),
  }
}

/** The interactive page of the API, under a title of its own. */
export const docsOptions = (app: RunningApp): FastifySwaggerUiOptions => ({
  routePrefix: '/docs',
  theme: { title: `Millrace: ${app.definition.name}` },
  staticCSP: true,
  uiConfig: { deepLinking: true, tryItOutEnabled: true, validatorUrl: null },
})
