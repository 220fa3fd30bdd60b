/** Opens the port, with a message that helps when it is taken. */
import type { FastifyInstance } from 'fastify'
import { apiError } from './errors.ts'
import { checkListenAddress, isLoopback } from './guards.ts'

export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
  /** What moves the port, for the message when it is taken. */
  readonly portRemedy?: string
  /** Needed besides a host that is not loopback. */
  readonly insecureNoKeys?: boolean
}

/** The URL that it listens on. Throws API_PORT_IN_USE, API_NOT_LOOPBACK. */
export async function listen(server: FastifyInstance, options: ListenOptions): Promise<string> {
  const host = options.host ?? '127.0.0.1'
  checkListenAddress(host, options.insecureNoKeys === true)
  try {
    await server.listen({ host, port: options.port })
  } catch (error) {
    const { code } = error as { code?: string }
    const remedy = options.portRemedy ?? 'choose another with --port <number> or PORT=<number>'
    if (code === 'EADDRINUSE') {
      throw apiError('API_PORT_IN_USE', `port ${options.port} on ${host} is taken: ${remedy}`, {
        details: { port: options.port },
        cause: error,
      })
    }
    if (code === 'EACCES') {
      throw apiError('API_PORT_IN_USE', `port ${options.port} needs more rights: ${remedy}`, {
        details: { port: options.port },
        cause: error,
      })
    }
    throw error
  }
  const address = server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const name =
    isLoopback(host) && !host.includes(':')
      ? host
      : host.includes(':')
        ? `[${host.replaceAll(/[[\]]/g, '')}]`
        : host
  return `http://${name === '0.0.0.0' ? '127.0.0.1' : name}:${port}`
}
