/**
 * GET /v1/models/{model}/versions/{version}/artifact/{file}
 *
 * `model.json` and `tensors.safetensors` are the model as the registry keeps it; `model.onnx` is the same model in the ONNX
 * format, for linear models and trees.
 *
 * 200 `application/octet-stream` · 404 · 422 no ONNX of this kind
 */
import { z } from 'zod'
import { exportFiles, exportVersion } from '../../../app/index.ts'
import { quote } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { versionOf } from '../../model-answer.ts'
import { modelName, versionRef } from '../../schemas/input.ts'

const fileName = z.string().regex(/^[a-z][a-z0-9.-]{0,63}$/)

export const getArtifactFile = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/versions/:version/artifact/:file',
  tag: 'models',
  summary: "One file of a version's model",
  params: z.strictObject({ model: modelName, version: versionRef, file: fileName }),
  answer: z.string().describe('The bytes of the file'),
  answerType: 'application/octet-stream',
  problems: [404],
  handler: async ({ params }, { app, reply }) => {
    const version = versionOf(app, params.model, params.version)
    const file = exportFiles.find((name) => name === params.file)
    if (file === undefined) {
      throw apiError(
        'API_UNKNOWN_RESOURCE',
        `a version has no file ${quote(params.file)}: use ${exportFiles.join(', ')}`,
      )
    }
    const bytes = await exportVersion(app.registry, version, file)
    const name = `${version.model}@${version.version}-${file}`
    return reply
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  },
})
