/**
 * Who gets which partitions, decided by the member that leads the group, and the bytes that members send about it
 * (Kafka's ConsumerProtocolSubscription v1 and ConsumerProtocolAssignment v0, so that Kafka's own tools show them).
 *
 * The target is Kafka's range assignment. A partition that another member still holds is kept back until that member has
 * let go of it (cooperative rebalancing, KIP-429): nobody stops for a partition that stays, and none ever has two owners.
 * Members learn by a byte of user data that another round follows.
 */
import type { TopicPartition } from '../../../../core/index.ts'

export const PROTOCOL_NAME = 'millrace-cooperative-range'

export interface Subscription {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
}

export interface Assignment {
  readonly places: readonly TopicPartition[]
  /** Some partitions wait for their old owner: another round follows. */
  readonly isPartial: boolean
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** Members by id in the order that they joined (ids begin with their time). */
export function assign(
  members: ReadonlyMap<string, Subscription>,
  partitionsOf: (topic: string) => number,
): ReadonlyMap<string, Assignment> {
  const ids = [...members.keys()].toSorted()
  const holders = new Map<string, string>()
  for (const [id, { owned }] of members) for (const place of owned) holders.set(keyOf(place), id)
  const places = new Map<string, TopicPartition[]>(ids.map((id) => [id, []]))
  let isPartial = false
  const topics = [...new Set([...members.values()].flatMap((member) => member.topics))].toSorted()
  for (const topic of topics) {
    const subscribers = ids.filter((id) => members.get(id)!.topics.includes(topic))
    const count = partitionsOf(topic)
    const share = Math.floor(count / subscribers.length)
    const extra = count % subscribers.length
    let partition = 0
    for (const [index, id] of subscribers.entries()) {
      const end = partition + share + (index < extra ? 1 : 0)
      for (; partition < end; partition++) {
        const holder = holders.get(`${topic}/${partition}`)
        if (holder === undefined || holder === id) places.get(id)!.push({ topic, partition })
        else isPartial = true
      }
    }
  }
  return new Map([...places].map(([id, list]) => [id, { places: list, isPartial }]))
}

/** Big-endian bytes, grown as needed. */
class Bytes {
  readonly #parts: Buffer[] = []

  int16(value: number): this {
    const part = Buffer.allocUnsafe(2)
    part.writeInt16BE(value)
    this.#parts.push(part)
    return this
  }

  int32(value: number): this {
    const part = Buffer.allocUnsafe(4)
    part.writeInt32BE(value)
    this.#parts.push(part)
    return this
  }

  text(value: string): this {
    const bytes = Buffer.from(value)
    this.int16(bytes.length).#parts.push(bytes)
    return this
  }

  data(value: Buffer): this {
    this.int32(value.length).#parts.push(value)
    return this
  }

  places(list: readonly TopicPartition[]): this {
    const topics = [...new Set(list.map(({ topic }) => topic))]
    this.int32(topics.length)
    for (const topic of topics) {
      const own = list.filter((place) => place.topic === topic)
      this.text(topic).int32(own.length)
      for (const { partition } of own) this.int32(partition)
    }
    return this
  }

  done(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** Reads what `Bytes` writes; a short or strange message ends with a RangeError. */
class BytesReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  text(): string {
    const length = this.int16()
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }

  data(): Buffer {
    const length = Math.max(0, this.int32())
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  list<Item>(read: () => Item): Item[] {
    const count = this.int32()
    if (count > this.#bytes.length) throw new RangeError('a list is longer than its message')
    const items: Item[] = []
    for (let index = 0; index < count; index++) items.push(read())
    return items
  }

  places(): TopicPartition[] {
    return this.list(() => {
      const topic = this.text()
      return this.list(() => ({ topic, partition: this.int32() }))
    }).flat()
  }
}

export function encodeSubscription({ topics, owned }: Subscription): Buffer {
  const bytes = new Bytes().int16(1).int32(topics.length)
  for (const topic of topics) bytes.text(topic)
  return bytes.data(Buffer.alloc(0)).places(owned).done()
}

export function decodeSubscription(bytes: Buffer | null): Subscription {
  if (bytes === null || bytes.length === 0) return { topics: [], owned: [] }
  const reader = new BytesReader(bytes)
  const version = reader.int16()
  const topics = reader.list(() => reader.text())
  reader.data()
  return { topics, owned: version >= 1 && reader.left > 0 ? reader.places() : [] }
}

export function encodeAssignment({ places, isPartial }: Assignment): Buffer {
  return new Bytes()
    .int16(0)
    .places(places)
    .data(Buffer.from([isPartial ? 1 : 0]))
    .done()
}

export function decodeAssignment(bytes: Buffer | null): Assignment {
  if (bytes === null || bytes.length === 0) return { places: [], isPartial: false }
  const reader = new BytesReader(bytes)
  reader.int16()
  const places = reader.places()
  return { places, isPartial: reader.left > 0 && reader.data()[0] === 1 }
}
