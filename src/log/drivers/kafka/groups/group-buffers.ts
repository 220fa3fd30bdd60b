/** The partitions of a member: what was fetched of each and not yet returned, and where reading goes on. */
import type { LogRecord, TopicPartition } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import { isPassing, PROTOCOL, toLogError } from '../kafka-errors.ts'
import type { KafkaCluster } from '../kafka-cluster.ts'
import type { BrokerAddress } from '../kafka-options.ts'
import type { Lane } from '../kafka-wire.ts'
import { listOffsets } from '../list-offsets.ts'
import { fetchRequest, type Fetched, type FetchTarget } from '../protocol/fetch-request.ts'
import { checkFetched } from '../read-partition.ts'
import { NO_EPOCH, SeenEpochs } from '../seen-epochs.ts'

export interface Owned extends TopicPartition {
  /** The next record that `poll` returns. */
  position: number
  /** Fetched and not yet returned; begins at `position` or after it. */
  buffered: readonly LogRecord[]
  /** Where reading goes on behind the buffer. */
  readFrom: number
  /** End of the partition when it was last seen. */
  end: number
  /** Of what was read, or committed by the owner before. */
  readonly seen: SeenEpochs
  /** Of the topic when reading began: one of the same name that is made later is another topic. */
  topicId: string | undefined
  /** What the next poll throws for it. */
  failure: unknown
  /** Its owner is finishing: no more records of it are returned. */
  isGoing: boolean
}

interface Share {
  readonly leader: BrokerAddress
  readonly wanted: { readonly owned: Owned; readonly target: FetchTarget }[]
}

const FETCH_BYTES = 1024 * 1024

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** Forgets what was fetched and reads on at `offset`. */
export function moveTo(owned: Owned, offset: number): void {
  owned.position = offset
  owned.readFrom = offset
  owned.buffered = []
  owned.failure = undefined
}

export class GroupBuffers {
  readonly #cluster: KafkaCluster
  readonly #lane: Lane
  readonly #owned = new Map<string, Owned>()
  /** Fetches under way, by leader. */
  readonly #fetching = new Map<string, Promise<void>>()
  #isClosed = false
  /** The partition that the next poll begins with, so that none starves. */
  #turn = 0

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
    this.#lane = cluster.wire.openLane()
  }

  places(): readonly TopicPartition[] {
    return [...this.#owned.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  get(place: TopicPartition): Owned | undefined {
    return this.#owned.get(keyOf(place))
  }

  /** `leaderEpoch`: of the record before the position, as the one that committed it knew. */
  add({ topic, partition }: TopicPartition, position: number, leaderEpoch = NO_EPOCH): void {
    const seen = new SeenEpochs()
    if (leaderEpoch !== NO_EPOCH) seen.note(leaderEpoch, position - 1, position)
    const bounds = { position, readFrom: position, end: 0 }
    const nothing = { buffered: [], topicId: undefined, failure: undefined, isGoing: false }
    const owned = { topic, partition, seen, ...bounds, ...nothing }
    this.#owned.set(keyOf({ topic, partition }), owned)
  }

  /** Keeps the position, so that what was returned can be committed. */
  finish(place: TopicPartition): void {
    const owned = this.get(place)
    if (owned === undefined) return
    moveTo(owned, owned.position)
    owned.isGoing = true
  }

  drop(place: TopicPartition): void {
    this.#owned.delete(keyOf(place))
  }

  clear(): void {
    this.#owned.clear()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#owned.clear()
    await this.#lane.close()
  }

  /** Something to return or to throw. */
  hasNews(): boolean {
    return [...this.#owned.values()].some(
      (one) => one.buffered.length > 0 || one.failure !== undefined,
    )
  }

  /** Records that are there, none of a partition twice; throws the failure of a partition whose turn it is. */
  collect(maxRecords: number): LogRecord[] {
    const places = [...this.#owned.values()]
    let records: LogRecord[] = []
    for (let step = 0; step < places.length && records.length < maxRecords; step++) {
      const owned = places[(this.#turn + step) % places.length]!
      if (owned.failure !== undefined) {
        // What was read of the others comes first.
        if (records.length > 0) continue
        const { failure } = owned
        owned.failure = undefined
        this.#turn = (this.#turn + step + 1) % places.length
        throw failure
      }
      const room = maxRecords - records.length
      const isAll = owned.buffered.length <= room
      const taken = isAll ? owned.buffered : owned.buffered.slice(0, room)
      if (taken.length === 0) continue
      owned.buffered = isAll ? [] : owned.buffered.slice(room)
      owned.position = owned.buffered[0]?.offset ?? owned.readFrom
      records = records.concat(taken)
    }
    if (places.length > 0) this.#turn = (this.#turn + 1) % places.length
    // Fetches what comes next while the caller works.
    if (records.length > 0) this.fetch(0)
    return records
  }

  /**
   * Starts a fetch at every leader that has none under way. `isFresh` says that each partition without records is asked
   * for from now on, so that an empty answer means that there were none.
   */
  fetch(maxWaitMs: number): { isFresh: boolean; answers: Promise<void>[] } {
    let isFresh = true
    const shares = new Map<string, Share>()
    for (const owned of this.#owned.values()) {
      if (owned.buffered.length > 0 || owned.failure !== undefined || owned.isGoing) continue
      const topic = this.#cluster.peek(owned.topic)
      const leader = topic?.partitions[owned.partition]?.leader
      if (topic === undefined || leader === undefined) {
        this.#under(`topic ${owned.topic}`, () => this.#look(owned))
        isFresh = false
        continue
      }
      owned.topicId ??= topic.id
      if (owned.topicId !== topic.id) {
        owned.failure = madeAgain(owned)
        continue
      }
      const key = `${leader.host}:${leader.port}`
      if (this.#fetching.has(key)) isFresh = false
      const share = shares.get(key) ?? { leader, wanted: [] }
      shares.set(key, share)
      const { partition, readFrom: from } = owned
      const target = {
        topic: topic.name,
        topicId: topic.id,
        partition,
        from,
        lastEpoch: owned.seen.before(from),
        maxBytes: FETCH_BYTES,
      }
      share.wanted.push({ owned, target })
    }
    for (const [key, share] of shares) this.#under(key, () => this.#fetchFrom(share, maxWaitMs))
    return { isFresh, answers: [...this.#fetching.values()] }
  }

  #under(key: string, run: () => Promise<void>): void {
    if (this.#fetching.has(key)) return
    this.#fetching.set(
      key,
      run().finally(() => this.#fetching.delete(key)),
    )
  }

  async #look(owned: Owned): Promise<void> {
    try {
      const topic = await this.#cluster.topic(owned.topic)
      if (topic.partitions[owned.partition]?.leader !== undefined) return
      this.#cluster.forget(owned.topic)
      await this.#cluster.wire.clock.sleep(this.#cluster.wire.options.backoffMs)
    } catch (error) {
      owned.failure = error
    }
  }

  async #fetchFrom({ leader, wanted }: Share, maxWaitMs: number): Promise<void> {
    const { wire } = this.#cluster
    try {
      const targets = wanted.map(({ target }) => target)
      const options = { maxWaitMs, isolation: wire.options.isolation }
      const answers = await this.#lane.sendRaw(leader, fetchRequest(targets, options))
      for (const fetched of answers) {
        const want = wanted.find(({ target }) => target === fetched.target)
        if (want !== undefined) await this.#keep(want.owned, fetched)
      }
    } catch (error) {
      if (this.#isClosed || wire.isClosed) return
      for (const { owned } of wanted) {
        this.#cluster.forget(owned.topic)
        if (!isPassing(error)) owned.failure = toLogError(error, 'fetch records', wire.at)
      }
      // A broker that is away: the next poll tries again, not faster than this.
      await wire.clock.sleep(wire.options.backoffMs)
    }
  }

  /** Keeps what was fetched, unless the partition was lost or moved meanwhile. */
  async #keep(owned: Owned, fetched: Fetched): Promise<void> {
    const isSame = (): boolean =>
      this.#owned.get(keyOf(owned)) === owned &&
      owned.readFrom === fetched.target.from &&
      !owned.isGoing &&
      owned.buffered.length === 0
    if (!isSame()) return
    if (fetched.code === PROTOCOL.OFFSET_OUT_OF_RANGE) {
      const { topic, partition } = owned
      const found = await listOffsets(this.#cluster, [{ topic, partition, at: 'earliest' }])
      const earliest = found.get(keyOf(owned)) ?? 0
      if (!isSame()) return
      if (owned.readFrom < earliest) {
        const facts = { topic, partition, from: owned.readFrom, to: earliest }
        this.#cluster.logger.warn(facts, 'retention removed records before they were read')
        moveTo(owned, earliest)
        return
      }
    }
    try {
      const { records, nextOffset, end, epochs } = await checkFetched(this.#cluster, fetched)
      if (!isSame()) return
      for (const { epoch, from, to } of epochs) owned.seen.note(epoch, from, to)
      owned.end = end
      owned.buffered = records
      owned.readFrom = nextOffset
      if (records.length === 0) owned.position = nextOffset
    } catch (error) {
      if (isSame() && !isPassing(error)) owned.failure = error
      this.#cluster.forget(owned.topic)
    }
  }
}

const madeAgain = ({ topic, partition, readFrom }: Owned): Error =>
  logError(
    'LOG_UNKNOWN_TOPIC',
    `topic "${topic}" was deleted and made again while partition ${partition} was read at offset ${readFrom}: seek to where reading shall go on, in a new consumer`,
    { details: { topic, partition, offset: readFrom } },
  )
