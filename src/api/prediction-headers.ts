import type { FastifyReply } from 'fastify'

/** Every prediction names what made it: `x-model-version: like@3`, `x-data-as-of: 1537799250`. */
export function setPredictionHeaders(
  reply: FastifyReply,
  answer: { readonly model: string; readonly version: number; readonly dataAsOf: number | null },
): void {
  void reply.header('x-model-version', `${answer.model}@${answer.version}`)
  if (answer.dataAsOf !== null) void reply.header('x-data-as-of', String(answer.dataAsOf))
}
