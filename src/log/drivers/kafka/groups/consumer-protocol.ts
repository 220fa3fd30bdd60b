/**
 * The bytes that members of a group send about themselves and get back: Kafka's ConsumerProtocolSubscription v1 and
 * ConsumerProtocolAssignment v0, as every consumer and Kafka's own tools read them.
 */
import type { TopicPartition } from '../../../../core/index.ts'

export interface Subscription {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
}

export interface Assignment {
  readonly places: readonly TopicPartition[]
  /** Some partitions wait for their old owner: another round follows. */
  readonly isPartial: boolean
  /** Decided by a member of ours, which keeps back what others hold. */
  readonly isOurs: boolean
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

/** Whose user data has a byte is one of ours; other clients leave it empty. */
export function encodeAssignment({
  places,
  isPartial,
}: Pick<Assignment, 'places' | 'isPartial'>): Buffer {
  return new Bytes()
    .int16(0)
    .places(places)
    .data(Buffer.from([isPartial ? 1 : 0]))
    .done()
}

export function decodeAssignment(bytes: Buffer | null): Assignment {
  if (bytes === null || bytes.length === 0) return { places: [], isPartial: false, isOurs: false }
  const reader = new BytesReader(bytes)
  reader.int16()
  const places = reader.places()
  const [flag] = reader.left > 0 ? reader.data() : []
  return { places, isPartial: flag === 1, isOurs: flag !== undefined }
}
