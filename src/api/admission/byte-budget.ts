/** Bytes that all requests together may hold in memory. */
import type { MillraceError } from '../../core/index.ts'

export interface ByteBudget {
  /** An account of one holder. */
  open(): ByteAccount
  readonly held: number
}

export interface ByteAccount {
  /** Holds `bytes` in all from now on. Throws the refusal when there is no room for more; it then holds what it held. */
  hold(bytes: number): void
  close(): void
}

export function createByteBudget(mostBytes: number, refusal: () => MillraceError): ByteBudget {
  let held = 0
  return {
    get held() {
      return held
    },
    open() {
      let own = 0
      return {
        hold(bytes) {
          const more = bytes - own
          if (more > 0 && held + more > mostBytes) throw refusal()
          held += more
          own = bytes
        },
        close() {
          held -= own
          own = 0
        },
      }
    },
  }
}
