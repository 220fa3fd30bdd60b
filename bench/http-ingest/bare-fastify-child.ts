/**
 * The peer of I1, I2 and I4-produce, a process of its own: Fastify with a JSON schema for one event, and, for lines of events,
 * the naive way: split and JSON.parse. It stores nothing. Prints `port N`; ends with its input.
 */
import Fastify from 'fastify'

const server = Fastify({ bodyLimit: 16 * 1024 * 1024 })
const number = { type: 'number' }
const body = {
  type: 'object',
  required: ['userId', 'itemId', 'rating', 'at', 'page', 'dwell'],
  properties: {
    userId: { type: 'integer' },
    itemId: { type: 'integer' },
    rating: number,
    at: { type: 'integer' },
    page: { type: 'string' },
    dwell: number,
  },
}
server.post('/event', { schema: { body } }, async (_request, reply) =>
  reply.code(202).send({ accepted: 1 }),
)
server.addContentTypeParser(
  'application/x-ndjson',
  { parseAs: 'string' },
  (_request, text: string, done) => done(null, text),
)
server.post<{ Body: string }>('/events', async (request, reply) => {
  let accepted = 0
  for (const line of request.body.split('\n')) {
    if (line === '') continue
    JSON.parse(line)
    accepted++
  }
  return reply.code(202).send({ accepted })
})
const url = await server.listen({ port: 0, host: '127.0.0.1' })
console.log(`port ${new URL(url).port}`)
for await (const chunk of process.stdin) void chunk
await server.close()
