/**
 * GET /v1/models/{model}/versions/{version}/artifact
 *
 * The files of a version's model, whose SHA-256, one after the other, is the version's digest.
 *
 * 200 · 404
 *
 * `{"model":"like","version":7,"digest":"…","files":[{"name":"model.json","bytes":812,"sha256":"…"},{"name":"tensors.safetensors","bytes":4096,"sha256":"…"}]}`
 */
import { z } from 'zod'
import { listArtifact } from '../../../app/index.ts'
import { defineRoute } from '../../define-route.ts'
import { versionOf } from '../../model-answer.ts'
import { modelName, versionRef } from '../../schemas/input.ts'

export const getArtifact = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/versions/:version/artifact',
  tag: 'models',
  summary: "Files of a version's model",
  params: z.strictObject({ model: modelName, version: versionRef }),
  answer: z.object({
    model: z.string(),
    version: z.int(),
    digest: z.string(),
    files: z.array(z.object({ name: z.string(), bytes: z.int(), sha256: z.string() })),
  }),
  problems: [404],
  handler: async ({ params }, { app }) => {
    const found = versionOf(app, params.model, params.version)
    const { model, version, digest } = found
    return { model, version, digest, files: await listArtifact(app.registry, found) }
  },
})
