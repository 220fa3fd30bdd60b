/** The answers that do not end by themselves (server-sent events): counted, capped, and ended when the server drains. */
import type { Limits } from '../core/index.ts'
import { apiError } from './errors.ts'

export interface LiveStreams {
  /** A signal that ends the stream, and `end` to give the place back. Throws API_OVERLOADED above the cap. */
  begin(client: AbortSignal): { readonly signal: AbortSignal; end(): void }
  /** Ends all streams; later ones end at once. */
  close(): void
  readonly open: number
}

export function createLiveStreams(limits: Limits): LiveStreams {
  const closing = new AbortController()
  let open = 0
  return {
    get open() {
      return open
    },
    begin(client) {
      if (open >= limits.httpStreams) {
        throw apiError(
          'API_OVERLOADED',
          `${open} live streams are open and the limit is ${limits.httpStreams}: close one, or try again later`,
          { retryAfterSeconds: 5 },
        )
      }
      open += 1
      let ended = false
      return {
        signal: AbortSignal.any([client, closing.signal]),
        end() {
          if (!ended) open -= 1
          ended = true
        },
      }
    },
    close() {
      closing.abort(new Error('the server is stopping'))
    },
  }
}
