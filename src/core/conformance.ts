/**
 * A conformance suite is a list of named checks, free of any test runner: whoever writes a variant of an interface runs
 * them under their own (`millrace/testing` exports the suites).
 */
export interface ConformanceCheck {
  /** Observable behaviour, as a sentence. */
  readonly name: string
  /** Number of the guarantee in the interface's doc comment that the check holds: `L1`, `K3`. */
  readonly guarantee: string
  /** Why this variant is not held to it; absent when it is. */
  readonly skip?: string
  /** Rejects when the guarantee is broken. */
  readonly run: () => Promise<void>
}

/** Makes checks that each open what they try, and close it at their end, however they end. */
export const checksOn =
  <T extends { close(): Promise<unknown> }>(open: () => Promise<T>) =>
  (guarantee: string, name: string, run: (opened: T) => Promise<void>): ConformanceCheck => ({
    guarantee,
    name,
    async run() {
      const opened = await open()
      try {
        await run(opened)
      } finally {
        await opened.close()
      }
    },
  })
