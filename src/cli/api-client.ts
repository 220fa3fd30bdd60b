/** The REST API from the command line's side. A problem document becomes an error that says what the server said. */
import { MillraceError, type Issue } from '../core/index.ts'
import { cliError } from './errors.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
}

export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The same, as it came. */
  readonly bytes: Uint8Array
}

/** How requests reach a server: over HTTP, or inside this process when nothing runs. */
export interface Transport {
  readonly url: string
  send(request: ApiRequest): Promise<ApiResponse>
  /** Server-sent events; undefined where nothing new can come. */
  readonly events?: (
    path: string,
    signal: AbortSignal,
    lastEventId?: string,
  ) => AsyncIterable<string>
  close(): Promise<void>
}

export interface ApiClient {
  readonly url: string
  readonly transport: Transport
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  delete(path: string): Promise<void>
  /** The answer as it is; throws for a problem. */
  send(request: ApiRequest): Promise<ApiResponse>
  close(): Promise<void>
}

export function createApiClient(transport: Transport): ApiClient {
  const send = async (request: ApiRequest): Promise<ApiResponse> => {
    const response = await transport.send(request)
    if (response.status >= 400) throw problemError(response)
    return response
  }
  return {
    url: transport.url,
    transport,
    send,
    async get<T>(path: string) {
      const { text } = await send({ method: 'GET', path })
      return JSON.parse(text) as T
    },
    async post<T>(path: string, body?: unknown) {
      const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const { text } = await send({ method: 'POST', path, ...(body === undefined ? {} : json) })
      return JSON.parse(text) as T
    },
    async delete(path) {
      await send({ method: 'DELETE', path })
    },
    close: () => transport.close(),
  }
}

/** Joins parts to a path, each percent-encoded: `` path`/v1/topics/${name}` ``. */
export function path(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((text, part, at) => {
    const value = values[at]
    return text + part + (value === undefined ? '' : encodeURIComponent(String(value)))
  }, '')
}

/** A query string of what is set. */
export function query(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined)
  if (set.length === 0) return ''
  return `?${new URLSearchParams(
    set.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()}`
}

interface ProblemBody {
  readonly code?: string
  readonly detail?: string
  readonly title?: string
  readonly errors?: readonly Issue[]
  readonly [extension: string]: unknown
}

function problemError(response: ApiResponse): MillraceError {
  let problem: ProblemBody
  try {
    problem = JSON.parse(response.text) as ProblemBody
  } catch {
    return cliError('CLI_REFUSED', `the server answered ${response.status} without a reason`)
  }
  const { code = 'CLI_REFUSED', detail, title = '', errors, ...rest } = problem
  const status = response.status
  return new MillraceError(
    code,
    { status, retryable: status === 503 || status === 429, title },
    detail ?? `the server answered ${status}`,
    { details: { ...rest, status, ...(errors ? { issues: errors } : {}) } },
  )
}
