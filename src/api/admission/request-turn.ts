/** The turn of a request: asked for when its body is there and before it is parsed, given back when its answer is made. */
import type { FastifyReply, FastifyRequest } from 'fastify'

interface Turn {
  readonly enter: () => Promise<() => void>
  leave?: () => void
  isTaken: boolean
  isOver: boolean
}

const turns = new WeakMap<FastifyRequest, Turn>()

export function expectTurn(
  request: FastifyRequest,
  reply: FastifyReply,
  enter: () => Promise<() => void>,
): void {
  turns.set(request, { enter, isTaken: false, isOver: false })
  // Also for what is answered without its handler, such as a body that breaks its schema.
  reply.raw.once('finish', () => giveTurn(request))
  reply.raw.once('close', () => giveTurn(request))
}

/** Waits for the turn, once. Rejects with API_OVERLOADED. */
export async function takeTurn(request: FastifyRequest): Promise<void> {
  const turn = turns.get(request)
  if (turn === undefined || turn.isTaken) return
  turn.isTaken = true
  turn.leave = await turn.enter()
  if (turn.isOver) turn.leave()
}

export function giveTurn(request: FastifyRequest): void {
  const turn = turns.get(request)
  if (turn === undefined || turn.isOver) return
  turn.isOver = true
  turn.leave?.()
}
