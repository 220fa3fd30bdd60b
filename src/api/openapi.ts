/** The OpenAPI 3.1 document and the documentation page, both derived from the table of routes; the page needs no network. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui'
import { createJsonSchemaTransform } from 'fastify-type-provider-zod'
import type { RunningApp } from '../app/index.ts'
import { packageVersion } from '../core/index.ts'
import { tags } from './define-route.ts'

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
    transform: createJsonSchemaTransform({ zodToJsonConfig: { unrepresentable: 'any' } }),
  }
}

export const docsOptions: FastifySwaggerUiOptions = {
  routePrefix: '/docs',
  staticCSP: true,
  uiConfig: { deepLinking: true, tryItOutEnabled: true, validatorUrl: null },
}
