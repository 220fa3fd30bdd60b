/** One member of a classic group: what it can do, what it waits for, and when it counts as dead. */
import type { Clock } from '../../core/index.ts'

export interface GroupProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

/** What a member says when it joins. */
export interface MemberFacts {
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly GroupProtocol[]
}

/** Response to JoinGroup, without its transport. */
export interface JoinAnswer {
  readonly error: number
  readonly generation: number
  readonly protocol: string
  readonly leader: string
  readonly memberId: string
  /** For the leader only. */
  readonly members: readonly {
    readonly memberId: string
    readonly instanceId: string | null
    readonly metadata: Uint8Array
  }[]
}

export interface SyncAnswer {
  readonly error: number
  readonly assignment: Uint8Array
}

export const NO_BYTES = new Uint8Array(0)

export const joinRefused = (error: number, memberId: string): JoinAnswer => ({
  error,
  generation: -1,
  protocol: '',
  leader: '',
  memberId,
  members: [],
})

export const syncRefused = (error: number): SyncAnswer => ({ error, assignment: NO_BYTES })

export class GroupMember {
  readonly id: string
  facts: MemberFacts
  assignment: Uint8Array = NO_BYTES
  readonly #clock: Clock
  readonly #onExpired: () => void
  #join: ((answer: JoinAnswer) => void) | undefined
  #sync: ((answer: SyncAnswer) => void) | undefined
  #expiresAt = 0
  #cancelTimer: (() => void) | undefined

  constructor(id: string, facts: MemberFacts, clock: Clock, onExpired: () => void) {
    this.id = id
    this.facts = facts
    this.#clock = clock
    this.#onExpired = onExpired
    this.touch()
  }

  get isJoining(): boolean {
    return this.#join !== undefined
  }

  get isSyncing(): boolean {
    return this.#sync !== undefined
  }

  get sizeBytes(): number {
    let bytes = this.assignment.length
    for (const { metadata } of this.facts.protocols) bytes += metadata.length
    return bytes
  }

  /** Resolves when the rebalance that it takes part in is over. An older wait of the same member ends with `error`. */
  awaitJoin(error: number): Promise<JoinAnswer> {
    this.#join?.(joinRefused(error, this.id))
    return new Promise((resolve) => {
      this.#join = resolve
    })
  }

  awaitSync(error: number): Promise<SyncAnswer> {
    this.#sync?.(syncRefused(error))
    return new Promise((resolve) => {
      this.#sync = resolve
    })
  }

  answerJoin(answer: JoinAnswer): void {
    this.touch()
    this.#join?.(answer)
    this.#join = undefined
  }

  answerSync(answer: SyncAnswer): void {
    this.touch()
    this.#sync?.(answer)
    this.#sync = undefined
  }

  /** Heard from: its session begins anew. */
  touch(): void {
    this.#expiresAt = this.#clock.monotonic() + this.facts.sessionTimeoutMs
    if (this.#cancelTimer === undefined) this.#arm()
  }

  /** Ends the member: no timer, and whatever waits is answered with `error`. */
  end(error: number): void {
    this.answerJoin(joinRefused(error, this.id))
    this.answerSync(syncRefused(error))
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** One timer at a time; when it fires early because of a heartbeat, it is set again. */
  #arm(): void {
    const left = this.#expiresAt - this.#clock.monotonic()
    this.#cancelTimer = this.#clock.after(left, () => {
      this.#cancelTimer = undefined
      // Who waits for an answer of ours cannot send heartbeats.
      const isWaiting = this.isJoining || this.isSyncing
      if (isWaiting) this.touch()
      else if (this.#clock.monotonic() < this.#expiresAt) this.#arm()
      else this.#onExpired()
    })
  }
}
