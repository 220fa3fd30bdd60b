/** What the recommender routes share: which model is meant, what a query asks, which headers an answer has. */
import type { FastifyReply } from 'fastify'
import type { RunningApp } from '../app/index.ts'
import { quote } from '../core/index.ts'
import { apiError } from './errors.ts'

/** The recommender of this name, or the app's first. Throws API_UNKNOWN_RESOURCE. */
export function recommenderOf(app: RunningApp, name: string | undefined): string {
  const { models } = app.recommendations
  const found = name === undefined ? models[0] : models.find((model) => model === name)
  if (found !== undefined) return found
  throw apiError(
    'API_UNKNOWN_RESOURCE',
    name === undefined
      ? 'the app has no recommender: declare one with recommender({ user, item })'
      : `there is no recommender ${quote(name)}: the app declares ${models.join(', ') || 'none'}`,
  )
}

/** `x-model-version: movies@3` and `x-data-as-of`, milliseconds since 1970; left out before the first version or event. */
export function setListHeaders(
  reply: FastifyReply,
  answer: {
    readonly model: string
    readonly version: number | null
    readonly dataAsOf: number | null
  },
): void {
  const { model, version, dataAsOf } = answer
  if (version !== null) void reply.header('x-model-version', `${model}@${version}`)
  if (dataAsOf !== null) void reply.header('x-data-as-of', String(dataAsOf))
}
