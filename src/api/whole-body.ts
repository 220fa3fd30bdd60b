/**
 * A body of bounded size, read whole by listeners: `for await` over a request costs a dozen promises and as many listeners,
 * which for a small event is more than its check and its append.
 */
import type { Readable } from 'node:stream'
import { isMillraceError, type Clock, type MillraceError } from '../core/index.ts'
import { apiError } from './errors.ts'

export interface WholeBodyRules {
  readonly maxBytes: number
  /** Called with the bytes held so far; may throw. */
  readonly hold: (bytes: number) => void
  /** The longest pause of the sender. Absent: somebody else looks after it. */
  readonly stall?: { readonly clock: Clock; readonly ms: number }
}

/** Rejects with API_BODY_TOO_LARGE, API_REQUEST_TIMEOUT, API_BAD_REQUEST; what is left of the body is then not read. */
export function readWhole(
  source: Readable,
  { maxBytes, hold, stall }: WholeBodyRules,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    let cancel: (() => void) | undefined
    const settle = (): void => {
      cancel?.()
      source.off('data', onData).off('end', onEnd).off('error', fail).off('close', onClose)
    }
    const fail = (error: unknown): void => {
      settle()
      source.pause()
      reject(brokenOff(error))
    }
    const onData = (part: Buffer): void => {
      bytes += part.length
      try {
        if (bytes > maxBytes) throw tooLarge(maxBytes)
        hold(bytes)
      } catch (error) {
        fail(error)
        return
      }
      parts.push(part)
      watch()
    }
    const onEnd = (): void => {
      settle()
      resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
    }
    const onClose = (): void => fail(undefined)
    const watch = (): void => {
      cancel?.()
      cancel = stall?.clock.after(stall.ms, () => fail(stalled(stall.ms)))
    }
    if (source.destroyed) {
      reject(brokenOff(undefined))
      return
    }
    source.on('data', onData).on('end', onEnd).on('error', fail).on('close', onClose)
    watch()
  })
}

export const tooLarge = (maxBytes: number): MillraceError =>
  apiError('API_BODY_TOO_LARGE', `the body is larger than ${maxBytes} bytes: send it in parts`, {
    details: { limitBytes: maxBytes },
  })

export const stalled = (ms: number): MillraceError =>
  apiError(
    'API_REQUEST_TIMEOUT',
    `no byte of the body came for ${ms} ms: send it without such pauses`,
  )

/** What ended a body before its end, as an error of ours. */
export const brokenOff = (cause: unknown): MillraceError =>
  isMillraceError(cause)
    ? cause
    : apiError('API_BAD_REQUEST', 'the connection ended inside the body: send it whole', { cause })
