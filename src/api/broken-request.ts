/** Bytes that Node's parser refuses (or waits for too long) never become a request: the answer is written by hand. */
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import type { MillraceError } from '../core/index.ts'
import { apiError } from './errors.ts'
import { problemOf, PROBLEM_TYPE } from './problem.ts'

export function answerBrokenRequest(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = brokenRequest(error.code)
  const body = JSON.stringify(problemOf(problem))
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n` +
      `content-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-content-type-options: nosniff\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

function brokenRequest(code: string | undefined): MillraceError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return apiError(
        'API_HEADERS_TOO_LARGE',
        'URL and headers are larger than the limit: send less',
      )
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return apiError('API_REQUEST_TIMEOUT', 'the request did not arrive in time: send it at once')
    default:
      return apiError(
        'API_BAD_REQUEST',
        'the request is not HTTP/1.1 as it should be: check the client',
      )
  }
}
