/**
 * One membership in a consumer group: joins, keeps it alive, and follows every rebalance.
 *
 *        start                     heartbeat says "rebalance", or partitions changed
 *          │        ┌───────────────────────────────────────────────┐
 *          ▼        ▼                                               │
 *       joining ► synced ► revoke what goes ► assign what came ► stable
 *          ▲                     │ (something went: join again, so that its new owner gets it)
 *          └─────────────────────┘
 *
 * Beside members of other clients it lets go of everything before it joins, as they do (`group-assignment.ts`).
 *
 * A member that the coordinator no longer knows has lost everything: it lets go of its partitions and joins anew. Whatever
 * it commits in between carries its old generation, and the coordinator refuses that (P21).
 */
import type { TopicPartition } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import { brokerFault, isPassing, PROTOCOL, toLogError } from '../kafka-errors.ts'
import type { KafkaCluster } from '../kafka-cluster.ts'
import type { Lane } from '../kafka-wire.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Assignment,
} from './consumer-protocol.ts'
import { assign, COOPERATIVE, PROTOCOL_NAMES } from './group-assignment.ts'
import { committedOffsets, fenced, groupByTopic } from './group-offsets.ts'
import type { CommitPlace, Committed } from './group-offsets.ts'
import { repeat } from './repeat.ts'

export interface MemberEvents {
  owned(): readonly TopicPartition[]
  /** Finishes and lets go. */
  revoke(places: readonly TopicPartition[]): Promise<void>
  /** Takes over. */
  assign(places: readonly TopicPartition[]): Promise<void>
  /** The membership is over: everything is lost. */
  lose(): Promise<void>
  /** It cannot go on. */
  fail(error: Error): void
}

const {
  REBALANCE_IN_PROGRESS,
  ILLEGAL_GENERATION,
  UNKNOWN_MEMBER_ID,
  FENCED_INSTANCE_ID,
  MEMBER_ID_REQUIRED,
} = PROTOCOL
const GONE = new Set<number>([ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID])
const INCONSISTENT_PROTOCOL = 23
/** Beside the rebalance time-out, until the coordinator must have answered a join. */
const JOIN_MARGIN_MS = 10_000

let joined = 0
/** Brokers make member ids from client ids: so members sort by the time at which they joined. */
const joinOrder = (nowMs: number): string =>
  `${nowMs.toString(36).padStart(9, '0')}-${(joined++).toString(36).padStart(6, '0')}`

export class GroupMember {
  readonly group: string
  readonly #cluster: KafkaCluster
  readonly #topics: readonly string[]
  readonly #events: MemberEvents
  readonly #lane: Lane
  /** A join waits for the other members; nothing else may wait behind it. */
  readonly #joinLane: Lane
  #memberId = ''
  #generation = -1
  /** Of the last generation: everybody lets go of everything before joining. */
  #isEager = false
  /** True between sending a join and having its assignment. */
  #isJoining = false
  #mustJoin = true
  #isLost = false
  #isClosed = false
  /** Partitions of each topic at the last assignment, if this member leads. */
  #counts: ReadonlyMap<string, number> | undefined
  #wake: (() => void) | undefined
  #stopBeating: (() => void) | undefined

  constructor(
    cluster: KafkaCluster,
    group: string,
    topics: readonly string[],
    events: MemberEvents,
  ) {
    this.group = group
    this.#cluster = cluster
    this.#topics = topics
    this.#events = events
    const { rebalanceTimeoutMs, clientId } = cluster.wire.options
    this.#lane = cluster.wire.openLane()
    this.#joinLane = cluster.wire.openLane({
      requestTimeoutMs: rebalanceTimeoutMs + JOIN_MARGIN_MS,
      clientId: `${clientId}-${joinOrder(cluster.wire.clock.now())}`,
    })
  }

  get memberId(): string {
    return this.#memberId
  }

  /** Resolves when the group has settled and this member has its share. */
  async start(): Promise<void> {
    await this.#rounds()
    void this.#follow()
  }

  /** Throws LOG_FENCED when the coordinator knows better. */
  async commit(offsets: readonly CommitPlace[]): Promise<void> {
    const deadline =
      this.#cluster.wire.clock.monotonic() + this.#cluster.wire.options.rebalanceTimeoutMs
    for (;;) {
      const generation = this.#generation
      try {
        await this.#sendCommit(generation, offsets)
        return
      } catch (error) {
        const code = brokerFault(error)?.code ?? 0
        // A rebalance in which this member takes part: its next generation may commit what it still owns.
        const isTurning = this.#isJoining || generation !== this.#generation
        const again = code === REBALANCE_IN_PROGRESS || (code === ILLEGAL_GENERATION && isTurning)
        if (again && this.#cluster.wire.clock.monotonic() < deadline && !this.#isClosed) {
          await this.#cluster.wire.clock.sleep(this.#cluster.wire.options.backoffMs)
          this.#refuseForeign(offsets)
          continue
        }
        if (!GONE.has(code))
          throw toLogError(error, `commit offsets of group "${this.group}"`, this.#cluster.wire.at)
        this.#isLost = true
        this.#wake?.()
        throw this.#fenced(offsets[0]!, error)
      }
    }
  }

  /** Committed offsets, by `topic/partition`; those without one are missing. */
  async committed(places: readonly TopicPartition[]): Promise<ReadonlyMap<string, Committed>> {
    return committedOffsets(this.#cluster, this.group, places, this.#lane)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopBeating?.()
    this.#wake?.()
    // A join that waits for others must not hold up the end.
    await this.#joinLane.close()
    if (this.#memberId !== '' && !this.#cluster.wire.isClosed) {
      const members = [{ memberId: this.#memberId }]
      await this.#cluster
        .coordinator(this.group)
        .then((broker) => this.#lane.send(broker, 'LeaveGroup', this.group, members))
        .catch(() => {})
    }
    await this.#lane.close()
  }

  /** Joins until nothing has to change hands any more. */
  async #rounds(): Promise<void> {
    for (;;) {
      if (this.#isLost) {
        this.#isLost = false
        await this.#events.lose()
      }
      this.#mustJoin = false
      if (this.#isEager) await this.#letGo()
      const assignment = await this.#join()
      if (assignment === undefined || this.#isClosed) return
      const isSettled = await this.#apply(assignment)
      if (this.#isClosed) return
      if (isSettled && !assignment.isPartial && !this.#mustJoin && !this.#isLost) return
      if (isSettled && !this.#mustJoin && !this.#isLost) await this.#change()
    }
  }

  /** Still a member of the last generation, so that what was finished can be committed. */
  async #letGo(): Promise<void> {
    const owned = this.#events.owned()
    if (owned.length > 0) await this.#events.revoke(owned)
  }

  /** False when partitions went, so that another round must give them to their new owners. */
  async #apply({ places, isOurs }: Assignment): Promise<boolean> {
    // The first round after members of other clients came, led by one: it did not know what is held here.
    if (!isOurs) await this.#events.lose()
    const owned = this.#events.owned()
    const going = owned.filter((place) => !includes(places, place))
    const coming = places.filter((place) => !includes(owned, place))
    this.#beat()
    if (going.length > 0) await this.#events.revoke(going)
    if (coming.length > 0 && !this.#isClosed) await this.#events.assign(coming)
    return going.length === 0
  }

  async #follow(): Promise<void> {
    const { clock, options } = this.#cluster.wire
    while (!this.#isClosed) {
      try {
        if (!this.#mustJoin && !this.#isLost) await this.#change()
        if (!this.#isClosed) await this.#rounds()
      } catch (error) {
        if (this.#isClosed) return
        if (!isPassing(error)) return this.#events.fail(error as Error)
        // The brokers went away in the middle of a round: what was not taken over yet is, in the next one.
        this.#mustJoin = true
        await clock.sleep(options.backoffMs)
      }
    }
  }

  /** Resolves when there is a reason to join again. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
      if (this.#mustJoin || this.#isLost || this.#isClosed) this.#wake()
    })
  }

  async #join(): Promise<Assignment | undefined> {
    this.#isJoining = true
    this.#stopBeating?.()
    try {
      for (;;) {
        if (this.#isClosed) return undefined
        try {
          return await this.#joinOnce()
        } catch (error) {
          if (this.#isClosed) return undefined
          await this.#afterRefusal(error)
        }
      }
    } finally {
      this.#isJoining = false
    }
  }

  /** Makes ready for the next try, or throws what no other try would change. */
  async #afterRefusal(error: unknown): Promise<void> {
    const code = brokerFault(error)?.code ?? 0
    if (code === MEMBER_ID_REQUIRED) {
      this.#memberId = (error as { response?: { memberId?: string } }).response?.memberId ?? ''
      return
    }
    if (GONE.has(code)) {
      this.#memberId = ''
      this.#generation = -1
      await this.#events.lose()
    } else if (code === INCONSISTENT_PROTOCOL) {
      throw logError(
        'LOG_GROUP_ACTIVE',
        `group "${this.group}" has members that speak none of ${PROTOCOL_NAMES.slice(1).join(', ')}: set their partition.assignment.strategy, or use a group of your own`,
        { cause: error, details: { group: this.group } },
      )
    } else if (code !== REBALANCE_IN_PROGRESS && !isPassing(error)) {
      throw toLogError(error, `join group "${this.group}"`, this.#cluster.wire.at)
    }
    this.#cluster.forgetCoordinator(this.group)
    if (code !== REBALANCE_IN_PROGRESS) {
      await this.#cluster.wire.clock.sleep(this.#cluster.wire.options.backoffMs)
    }
  }

  async #joinOnce(): Promise<Assignment> {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#cluster.wire.options
    const broker = await this.#cluster.coordinator(this.group)
    const metadata = encodeSubscription({ topics: this.#topics, owned: this.#events.owned() })
    const protocols = PROTOCOL_NAMES.map((name) => ({ name, metadata }))
    const joined = await this.#joinLane.send(
      broker,
      'JoinGroup',
      this.group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      this.#memberId,
      null,
      'consumer',
      protocols,
      '',
    )
    this.#memberId = joined.memberId ?? ''
    this.#generation = joined.generationId
    const protocol = joined.protocolName ?? COOPERATIVE
    this.#isEager = protocol !== COOPERATIVE
    const isLeader = joined.leader === this.#memberId
    const decided = isLeader ? await this.#decide(protocol, joined.members) : []
    const { assignment } = await this.#joinLane.send(
      broker,
      'SyncGroup',
      this.group,
      joined.generationId,
      this.#memberId,
      null,
      'consumer',
      protocol,
      decided,
    )
    return decodeAssignment(assignment)
  }

  async #decide(
    protocol: string,
    members: readonly { memberId: string; metadata: Buffer | null }[],
  ): Promise<{ memberId: string; assignment: Buffer }[]> {
    const subscriptions = new Map(
      members.map(({ memberId, metadata }) => [memberId, decodeSubscription(metadata)]),
    )
    const topics = [...new Set([...subscriptions.values()].flatMap((one) => one.topics))]
    this.#counts = await this.#count(topics)
    const decided = assign(protocol, subscriptions, (topic) => this.#counts?.get(topic) ?? 0)
    return [...decided].map(([memberId, one]) => ({ memberId, assignment: encodeAssignment(one) }))
  }

  async #count(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = await this.#cluster.metadata(topics)
    const known = found.topics.filter(({ errorCode }) => errorCode === 0)
    return new Map(known.map(({ name, partitions }) => [name ?? '', partitions.length]))
  }

  /** Tells the coordinator that this member lives, and hears from it when the group changes. */
  #beat(): void {
    this.#stopBeating?.()
    const { clock, options } = this.#cluster.wire
    let looked = clock.monotonic()
    const once = async (): Promise<void> => {
      const broker = await this.#cluster.coordinator(this.group)
      await this.#lane.send(broker, 'Heartbeat', this.group, this.#generation, this.#memberId)
      if (clock.monotonic() - looked <= options.metadataMaxAgeMs) return
      looked = clock.monotonic()
      if (await this.#hasNewPartitions()) this.#mustJoin = true
    }
    const onError = (error: unknown): void => {
      const code = brokerFault(error)?.code ?? 0
      if (code === REBALANCE_IN_PROGRESS) this.#mustJoin = true
      else if (GONE.has(code)) this.#isLost = true
      else this.#cluster.forgetCoordinator(this.group)
    }
    this.#stopBeating = repeat(clock, options.heartbeatMs, once, {
      onError,
      after: () => {
        if (this.#mustJoin || this.#isLost) this.#wake?.()
      },
    })
  }

  async #hasNewPartitions(): Promise<boolean> {
    if (this.#counts === undefined) return false
    const now = await this.#count([...new Set([...this.#counts.keys(), ...this.#topics])])
    return (
      now.size !== this.#counts.size ||
      [...now].some(([topic, count]) => this.#counts?.get(topic) !== count)
    )
  }

  async #sendCommit(generation: number, offsets: readonly CommitPlace[]): Promise<void> {
    const { wire } = this.#cluster
    const once = async (): Promise<unknown> => {
      const broker = await this.#cluster.coordinator(this.group)
      const topics = groupByTopic(offsets)
      return this.#lane.send(
        broker,
        'OffsetCommit',
        this.group,
        generation,
        this.#memberId,
        null,
        topics,
      )
    }
    try {
      await wire.retry(`commit offsets of group "${this.group}"`, once, {
        onRetry: () => this.#cluster.forgetCoordinator(this.group),
      })
    } catch (error) {
      const { cause } = error as Error
      throw brokerFault(cause) === undefined ? error : cause
    }
  }

  #refuseForeign(offsets: readonly TopicPartition[]): void {
    const owned = this.#events.owned()
    for (const place of offsets) if (!includes(owned, place)) throw this.#fenced(place)
  }

  #fenced(place: TopicPartition, cause?: unknown): Error {
    return fenced(this.group, this.#memberId, place, cause)
  }
}

const includes = (places: readonly TopicPartition[], wanted: TopicPartition): boolean =>
  places.some(({ topic, partition }) => topic === wanted.topic && partition === wanted.partition)
