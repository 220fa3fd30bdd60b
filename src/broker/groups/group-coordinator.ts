/**
 * All groups of Kafka clients. A group is held in memory while it has members; its committed offsets are the log's, and a
 * group without members is nothing but them.
 */
import { isMillraceError, newId, type Clock, type Logger } from '../../core/index.ts'
import type {
  GroupInfo,
  GroupMember as LogGroupMember,
  GroupOffset,
  Log,
  LogWire,
} from '../../log/index.ts'
import type { BrokerLimits } from '../broker.ts'
import { readAssignment } from '../protocol/consumer-protocol.ts'
import { kafkaError, refusalOf } from '../protocol/kafka-errors.ts'
import { ClassicGroup, type MemberClaim } from './classic-group.ts'
import {
  joinRefused,
  syncRefused,
  type JoinAnswer,
  type MemberFacts,
  type SyncAnswer,
} from './group-member.ts'

interface HeldGroup {
  readonly group: ClassicGroup
  readonly release: () => void
}

export interface JoinRequest {
  readonly group: string
  readonly memberId: string
  readonly protocolType: string
  readonly facts: MemberFacts
  /** The client takes a member id first and comes again with it (version 4 on). */
  readonly knowsMemberIds: boolean
}

export interface CoordinatorOptions {
  readonly log: Log
  readonly wire: LogWire
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: BrokerLimits
}

/** Member ids that were given out and not used yet; the oldest are forgotten first. */
const MAX_PENDING_IDS = 10_000

export class GroupCoordinator {
  readonly #options: CoordinatorOptions
  readonly #groups = new Map<string, HeldGroup>()
  readonly #pendingIds = new Set<string>()

  constructor(options: CoordinatorOptions) {
    this.#options = options
  }

  /** Resolves when the rebalance is over, which may take as long as the slowest member's rebalance timeout. */
  async join(request: JoinRequest): Promise<JoinAnswer> {
    const { group: name, facts, protocolType } = request
    const refuse = (error: number): JoinAnswer => joinRefused(error, request.memberId)
    const { limits, clock } = this.#options
    if (
      facts.sessionTimeoutMs < limits.minSessionMs ||
      facts.sessionTimeoutMs > limits.maxSessionMs
    ) {
      return refuse(kafkaError.INVALID_SESSION_TIMEOUT)
    }
    const held = this.#groups.get(name)
    const isMember = held?.group.has(request.memberId) === true
    let { memberId } = request
    if (memberId === '') {
      memberId = `${facts.clientId.slice(0, 100) || 'member'}-${newId(clock.now())}`
      if (request.knowsMemberIds && facts.instanceId === null) {
        this.#rememberId(name, memberId)
        return joinRefused(kafkaError.MEMBER_ID_REQUIRED, memberId)
      }
    } else if (!isMember && !this.#pendingIds.delete(`${name}\n${memberId}`)) {
      return refuse(kafkaError.UNKNOWN_MEMBER_ID)
    }
    if (!isMember && !this.#hasRoom(held?.group, facts)) {
      return refuse(kafkaError.GROUP_MAX_SIZE_REACHED)
    }
    const accepts = held?.group.accepts(protocolType, facts, memberId)
    if (accepts === false || protocolType === '' || facts.protocols.length === 0) {
      return refuse(kafkaError.INCONSISTENT_GROUP_PROTOCOL)
    }
    const group = held?.group ?? this.#hold(name)
    if (typeof group === 'number') return refuse(group)
    return group.join(memberId, protocolType, facts)
  }

  async sync(
    name: string,
    claim: MemberClaim,
    assignments: ReadonlyMap<string, Uint8Array>,
  ): Promise<SyncAnswer> {
    const held = this.#groups.get(name)
    if (held === undefined) return syncRefused(kafkaError.UNKNOWN_MEMBER_ID)
    return held.group.sync(claim, assignments)
  }

  heartbeat(name: string, claim: MemberClaim): number {
    return this.#groups.get(name)?.group.heartbeat(claim) ?? kafkaError.UNKNOWN_MEMBER_ID
  }

  leave(name: string, memberId: string, instanceId: string | null): number {
    if (this.#pendingIds.delete(`${name}\n${memberId}`)) return kafkaError.NONE
    const held = this.#groups.get(name)
    if (held === undefined) return kafkaError.UNKNOWN_MEMBER_ID
    return held.group.leave(memberId, instanceId)
  }

  /**
   * Commits for a member, or, without generation, for a client that has partitions of its own choice, as long as the group
   * has no members. Resolves to an error code; durable when it is NONE.
   */
  async commit(name: string, claim: MemberClaim, offsets: readonly GroupOffset[]): Promise<number> {
    const error = this.#checkCommit(name, claim)
    if (error !== kafkaError.NONE) return error
    try {
      await this.#options.wire.commitGroupOffsets(name, offsets)
      return kafkaError.NONE
    } catch (cause) {
      if (isMillraceError(cause, 'LOG_GROUP_ACTIVE')) return kafkaError.UNKNOWN_MEMBER_ID
      if (isMillraceError(cause, 'CORE_INVALID_NAME')) return kafkaError.INVALID_GROUP_ID
      return refusalOf(cause).code
    }
  }

  #checkCommit(name: string, claim: MemberClaim): number {
    const group = this.#groups.get(name)?.group
    const hasMembers = group !== undefined && group.members.length > 0
    if (hasMembers) return group.checkCommit(claim)
    if (claim.generation >= 0) return kafkaError.ILLEGAL_GENERATION
    const isNew = this.#options.wire.groupOffsets(name).length === 0
    return isNew && this.#groups.size >= this.#options.limits.groups
      ? kafkaError.POLICY_VIOLATION
      : kafkaError.NONE
  }

  /** The group while it has members here. */
  find(name: string): ClassicGroup | undefined {
    const group = this.#groups.get(name)?.group
    return group !== undefined && group.members.length > 0 ? group : undefined
  }

  /** Every group of the log: these, those of consumers in this process, and those that are only offsets. */
  all(): Promise<readonly GroupInfo[]> {
    return this.#options.log.groups()
  }

  close(): void {
    for (const { group, release } of this.#groups.values()) {
      group.end()
      release()
    }
    this.#groups.clear()
  }

  #rememberId(group: string, memberId: string): void {
    this.#pendingIds.add(`${group}\n${memberId}`)
    if (this.#pendingIds.size <= MAX_PENDING_IDS) return
    for (const oldest of this.#pendingIds) {
      this.#pendingIds.delete(oldest)
      return
    }
  }

  /** Takes the group for Kafka clients, or says with an error code why not. */
  #hold(name: string): ClassicGroup | number {
    const { wire, clock, logger, limits } = this.#options
    if (this.#groups.size >= limits.groups) return kafkaError.POLICY_VIOLATION
    const group = new ClassicGroup(name, clock, () => this.#groups.get(name)?.release())
    const members = (): readonly LogGroupMember[] =>
      group.members.map(({ id, assignment }) => ({
        memberId: id,
        assignment: readAssignment(assignment),
      }))
    try {
      const claim = wire.claimGroup(name, members)
      const release = (): void => {
        claim.release()
        this.#groups.delete(name)
      }
      this.#groups.set(name, { group, release })
      return group
    } catch (error) {
      if (isMillraceError(error, 'CORE_INVALID_NAME')) return kafkaError.INVALID_GROUP_ID
      if (!isMillraceError(error, 'LOG_GROUP_ACTIVE')) throw error
      logger.warn({ group: name }, 'a Kafka client asked for a group of consumers in this process')
      return kafkaError.INCONSISTENT_GROUP_PROTOCOL
    }
  }

  #hasRoom(group: ClassicGroup | undefined, facts: MemberFacts): boolean {
    const { groupMembers, groupBytes } = this.#options.limits
    if (group !== undefined && group.members.length >= groupMembers) return false
    let bytes = facts.protocols.reduce((sum, { metadata }) => sum + metadata.length, 0)
    for (const held of this.#groups.values()) {
      for (const member of held.group.members) bytes += member.sizeBytes
    }
    return bytes <= groupBytes
  }
}
