/**
 * One group of the classic rebalance protocol (Apache Kafka, "Group Management Protocol"; states and transitions in
 * SPEC.md). The group hands out no partitions: its leader does, and the group only carries the bytes.
 *
 * ```
 *  Empty ──join──► PreparingRebalance ──all joined, or time is up──► CompletingRebalance ──leader's sync──► Stable
 *    ▲                    ▲ ▲                                              │                                │
 *    └──last one left─────┘ └────── join, leave, expiry, time is up ───────┴────────────────────────────────┘
 * ```
 */
import type { Clock } from '../../core/index.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  GroupMember,
  joinRefused,
  NO_BYTES,
  syncRefused,
  type JoinAnswer,
  type MemberFacts,
  type SyncAnswer,
} from './group-member.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** Who says so: a member of a generation. */
export interface MemberClaim {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
}

const GENERATIONS = 2 ** 31

export class ClassicGroup {
  readonly name: string
  readonly #clock: Clock
  /** The last member is gone. */
  readonly #onEmpty: () => void
  readonly #members = new Map<string, GroupMember>()
  #state: GroupState = 'Empty'
  #generation = 0
  #protocolType = ''
  #protocol = ''
  #leader: string | undefined
  #cancelTimer: (() => void) | undefined

  constructor(name: string, clock: Clock, onEmpty: () => void) {
    this.name = name
    this.#clock = clock
    this.#onEmpty = onEmpty
  }

  get state(): GroupState {
    return this.#state
  }

  get protocolType(): string {
    return this.#protocolType
  }

  get protocol(): string {
    return this.#protocol
  }

  get members(): readonly GroupMember[] {
    return [...this.#members.values()]
  }

  has(memberId: string): boolean {
    return this.#members.has(memberId)
  }

  /** True when the member could talk with all that are there. */
  accepts(protocolType: string, { protocols }: MemberFacts, memberId: string): boolean {
    const others = this.members.filter(({ id }) => id !== memberId)
    if (protocolType === '' || protocols.length === 0) return false
    if (others.length === 0) return true
    if (protocolType !== this.#protocolType) return false
    return protocols.some(({ name }) => others.every((other) => speaks(other, name)))
  }

  /** Resolves when the rebalance is over; the caller has checked the request. */
  join(memberId: string, protocolType: string, facts: MemberFacts): Promise<JoinAnswer> {
    this.#protocolType = protocolType
    const holder = facts.instanceId === null ? undefined : this.#holderOf(facts.instanceId)
    const known = this.#members.get(memberId)
    if (known === undefined) return this.#add(memberId, facts, holder)
    if (holder !== undefined && holder !== known) {
      return Promise.resolve(joinRefused(kafkaError.FENCED_INSTANCE_ID, memberId))
    }
    const isSame = sameProtocols(known.facts.protocols, facts.protocols)
    known.facts = facts
    known.touch()
    // A repeated join of one whose answer was lost gets it again; the leader's means: look at the partitions again.
    const wantsRebalance = !isSame || (this.#state === 'Stable' && memberId === this.#leader)
    if (this.#state !== 'PreparingRebalance') {
      if (!wantsRebalance) return Promise.resolve(this.#joinAnswer(known))
      this.#prepare()
    }
    const answer = known.awaitJoin(kafkaError.REBALANCE_IN_PROGRESS)
    this.#completeIfAllJoined()
    return answer
  }

  /** Carries the leader's assignment; the others wait for it. */
  sync(claim: MemberClaim, assignments: ReadonlyMap<string, Uint8Array>): Promise<SyncAnswer> {
    const error = this.check(claim)
    const member = this.#members.get(claim.memberId)
    if (error !== kafkaError.NONE || member === undefined) {
      return Promise.resolve(syncRefused(error))
    }
    member.touch()
    if (this.#state === 'PreparingRebalance') {
      return Promise.resolve(syncRefused(kafkaError.REBALANCE_IN_PROGRESS))
    }
    if (this.#state === 'Stable') {
      return Promise.resolve({ error: kafkaError.NONE, assignment: member.assignment })
    }
    const answer = member.awaitSync(kafkaError.REBALANCE_IN_PROGRESS)
    if (claim.memberId === this.#leader) this.#settle(assignments)
    return answer
  }

  heartbeat(claim: MemberClaim): number {
    const error = this.check(claim)
    if (error !== kafkaError.NONE) return error
    this.#members.get(claim.memberId)?.touch()
    return this.#state === 'PreparingRebalance' ? kafkaError.REBALANCE_IN_PROGRESS : kafkaError.NONE
  }

  /** NONE for a member of this generation. */
  check({ memberId, instanceId, generation }: MemberClaim): number {
    const holder = instanceId === null ? undefined : this.#holderOf(instanceId)
    if (holder !== undefined && holder.id !== memberId) return kafkaError.FENCED_INSTANCE_ID
    if (!this.#members.has(memberId)) return kafkaError.UNKNOWN_MEMBER_ID
    return generation === this.#generation ? kafkaError.NONE : kafkaError.ILLEGAL_GENERATION
  }

  /** Whether the member may commit offsets now; while a leader assigns, nobody may. */
  checkCommit(claim: MemberClaim): number {
    const error = this.check(claim)
    if (error !== kafkaError.NONE) return error
    this.#members.get(claim.memberId)?.touch()
    return this.#state === 'CompletingRebalance'
      ? kafkaError.REBALANCE_IN_PROGRESS
      : kafkaError.NONE
  }

  /** A static member is named by its instance alone. */
  leave(memberId: string, instanceId: string | null): number {
    const holder = instanceId === null ? undefined : this.#holderOf(instanceId)
    const member = this.#members.get(memberId === '' ? (holder?.id ?? '') : memberId)
    if (member === undefined) return kafkaError.UNKNOWN_MEMBER_ID
    this.#remove(member)
    return kafkaError.NONE
  }

  /** Ends every member and timer: the broker closes. */
  end(): void {
    this.#cancelTimer?.()
    for (const member of this.members) member.end(kafkaError.UNKNOWN_MEMBER_ID)
    this.#members.clear()
    this.#state = 'Empty'
  }

  /** @param holder an older process with the same instance id, which is fenced: the newest one is the instance (KIP-345). */
  #add(memberId: string, facts: MemberFacts, holder?: GroupMember): Promise<JoinAnswer> {
    const member = new GroupMember(memberId, facts, this.#clock, () => this.#remove(member))
    this.#members.set(memberId, member)
    const answer = member.awaitJoin(kafkaError.UNKNOWN_MEMBER_ID)
    if (holder !== undefined) this.#forget(holder, kafkaError.FENCED_INSTANCE_ID)
    if (this.#state === 'PreparingRebalance') this.#completeIfAllJoined()
    else this.#prepare()
    return answer
  }

  #holderOf(instanceId: string): GroupMember | undefined {
    return this.members.find((member) => member.facts.instanceId === instanceId)
  }

  #remove(member: GroupMember): void {
    this.#forget(member, kafkaError.UNKNOWN_MEMBER_ID)
    if (this.#state === 'PreparingRebalance') this.#completeIfAllJoined()
    else if (this.#state !== 'Empty') this.#prepare()
  }

  #forget(member: GroupMember, error: number): void {
    member.end(error)
    this.#members.delete(member.id)
    if (this.#leader === member.id) this.#leader = undefined
  }

  /** Asks everyone to join again. Members learn it from their next heartbeat. */
  #prepare(): void {
    this.#state = 'PreparingRebalance'
    for (const member of this.#members.values()) {
      member.assignment = NO_BYTES
      member.answerSync(syncRefused(kafkaError.REBALANCE_IN_PROGRESS))
    }
    this.#startTimer(() => this.#complete())
    this.#completeIfAllJoined()
  }

  #completeIfAllJoined(): void {
    if (this.#state !== 'PreparingRebalance') return
    if (this.members.every(({ isJoining }) => isJoining)) this.#complete()
  }

  /** Begins the next generation with those who joined; the others are out. */
  #complete(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    for (const member of this.members.filter(({ isJoining }) => !isJoining)) {
      this.#forget(member, kafkaError.UNKNOWN_MEMBER_ID)
    }
    this.#generation = (this.#generation + 1) % GENERATIONS
    const [first] = this.members
    if (first === undefined) {
      this.#state = 'Empty'
      this.#protocol = ''
      this.#leader = undefined
      this.#onEmpty()
      return
    }
    if (this.#leader === undefined || !this.#members.has(this.#leader)) this.#leader = first.id
    this.#protocol = chooseProtocol(this.members)
    this.#state = 'CompletingRebalance'
    for (const member of this.members) member.answerJoin(this.#joinAnswer(member))
    this.#startTimer(() => this.#dropSilent())
  }

  /** Who joined and then did not sync is dead, or the leader's work would never come. */
  #dropSilent(): void {
    for (const member of this.members.filter(({ isSyncing }) => !isSyncing)) {
      this.#forget(member, kafkaError.UNKNOWN_MEMBER_ID)
    }
    this.#prepare()
  }

  #settle(assignments: ReadonlyMap<string, Uint8Array>): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#state = 'Stable'
    for (const member of this.#members.values()) {
      const assignment = assignments.get(member.id) ?? NO_BYTES
      member.assignment = assignment
      member.answerSync({ error: kafkaError.NONE, assignment })
    }
  }

  #joinAnswer({ id }: GroupMember): JoinAnswer {
    const leader = this.#leader ?? ''
    const all = this.members.map((member) => ({
      memberId: member.id,
      instanceId: member.facts.instanceId,
      metadata: metadataOf(member, this.#protocol),
    }))
    return {
      error: kafkaError.NONE,
      generation: this.#generation,
      protocol: this.#protocol,
      leader,
      memberId: id,
      members: id === leader ? all : [],
    }
  }

  /** One phase of a rebalance takes as long as its slowest member may. */
  #startTimer(run: () => void): void {
    this.#cancelTimer?.()
    const timeouts = this.members.map(({ facts }) => facts.rebalanceTimeoutMs)
    this.#cancelTimer = this.#clock.after(Math.max(0, ...timeouts), run)
  }
}

const speaks = (member: GroupMember, protocol: string): boolean =>
  member.facts.protocols.some(({ name }) => name === protocol)

/** A member's bytes for the group's protocol. */
export const metadataOf = (member: GroupMember, protocol: string): Uint8Array =>
  member.facts.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_BYTES

/** Each member votes for the first of its protocols that all speak; most votes win, the earlier one of equals. */
function chooseProtocol(members: readonly GroupMember[]): string {
  const votes = new Map<string, number>()
  for (const { facts } of members) {
    const choice = facts.protocols.find(({ name }) => members.every((one) => speaks(one, name)))
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let best = ''
  for (const [name, count] of votes) if (count > (votes.get(best) ?? 0)) best = name
  return best
}

function sameProtocols(a: MemberFacts['protocols'], b: MemberFacts['protocols']): boolean {
  return (
    a.length === b.length &&
    a.every(
      ({ name, metadata }, index) =>
        name === b[index]!.name && Buffer.compare(metadata, b[index]!.metadata) === 0,
    )
  )
}
