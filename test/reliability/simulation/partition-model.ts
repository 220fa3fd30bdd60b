/** What is known of one partition, and the judge of everything that a log says about it. */
import type { LogRecord } from '../../../src/core/index.ts'
import { Anomaly } from '../anomaly.ts'
import { idOf } from '../payload.ts'
import type { OffsetRun } from './harmed-batches.ts'

export interface Sent {
  readonly id: string
  readonly key: string | null
  readonly isTombstone: boolean
  readonly timestamp: number
  /** Sent before a crash and not there after it: it must never appear. */
  isDead: boolean
}

/** A run of offsets that could not be read, and said so. */
export interface Unreadable {
  readonly from: number
  readonly to: number
}

export interface FullRead {
  readonly earliest: number
  readonly end: number
  readonly records: readonly LogRecord[]
  readonly unreadable: readonly Unreadable[]
  /** The log was opened since the last full read, after an orderly close or a crash. */
  readonly opened: 'no' | 'after close' | 'after crash'
  /** The log said, when it was opened, that something of this partition is not whole. */
  readonly isTold: boolean
}

const decoder = new TextDecoder()

export class PartitionModel {
  readonly name: string
  readonly #isCompact: boolean
  readonly #sent = new Map<string, Sent>()
  /** Acknowledged or seen: must be there, at its offset, for as long as the partition keeps it. */
  readonly known = new Map<number, Sent>()
  readonly #places = new Map<string, number>()
  /** Below the earliest offset once: such a record may come back with its segment, as long as that is not durably gone. */
  readonly #expired = new Set<string>()
  /** Of each key the offset of a tombstone that compaction took away: nothing before it may come back. */
  readonly #erased = new Map<string, number>()
  earliest = 0
  /** What retention removed below it is gone for good: a crash brings nothing of it back. */
  durableEarliest = 0
  /** Retention may not go beyond it. */
  hold = Infinity
  /** Offsets that the disk spoiled: refused or missing, never wrong; `silent`: nothing can be left that tells. */
  readonly #excused = new Map<number, 'silent' | 'visible'>()
  /** A segment file of it was exchanged for another one: its end may be unknown then. */
  isMisplaced = false
  /** Of each key the last offset that damage took. */
  readonly #taken = new Map<string, number>()

  constructor(name: string, isCompact: boolean) {
    this.name = name
    this.#isCompact = isCompact
  }

  get end(): number {
    return this.known.size === 0 ? this.earliest : Math.max(...this.known.keys()) + 1
  }

  sending(sent: Sent): void {
    this.#sent.set(sent.id, sent)
  }

  get isDamaged(): boolean {
    return this.isMisplaced || this.#excused.size > 0
  }

  harmed(runs: readonly OffsetRun[], kind: 'silent' | 'visible', isMisplaced: boolean): void {
    if (isMisplaced) this.isMisplaced = true
    for (const { first, last } of runs) {
      for (let offset = first; offset <= last; offset++) {
        this.#excused.set(offset, kind)
      }
    }
  }

  /**
   * The log could not tell what lies behind the damage that `from` begins from bytes within it, and keeps it unread (SPEC.md,
   * E25). Only where the disk did harm what `from` holds.
   */
  unsure({ from, to }: Unreadable): void {
    if (!this.#excused.has(from)) return
    for (let offset = from; offset < to; offset++) this.#excused.set(offset, 'visible')
  }

  acknowledged(sent: Sent, offset: number): void {
    this.#excused.delete(offset)
    this.#place(sent, offset)
  }

  isExcused(offset: number): boolean {
    return this.#excused.has(offset)
  }

  /**
   * Records that must not be left out from `from` to `to`, whoever says that they cannot be read. Between two damaged batches
   * whole ones cannot be told from bytes of a value (SPEC.md, E25).
   */
  checkRefused({ from, to }: Unreadable): void {
    const harmed = [...this.#excused.keys()].filter((offset) => offset >= from && offset < to)
    const [firstHarmed, lastHarmed] = [Math.min(...harmed), Math.max(...harmed)]
    for (const [offset, { id }] of this.known) {
      if (offset < from || offset >= to || this.#excused.has(offset)) continue
      if (firstHarmed < offset && offset < lastHarmed) continue
      throw new Anomaly('lost', `${id} at offset ${offset} of ${this.name} was refused, undamaged`)
    }
  }

  /** Any record that a reader or consumer was given. */
  seen(record: LogRecord): void {
    const where = `${this.name} at offset ${record.offset}`
    const header = record.headers[0]
    const told = header?.value == null ? '' : decoder.decode(header.value)
    const id = record.value === null ? told : idOf(record.value, where)
    const sent = this.#sent.get(id)
    if (sent === undefined)
      throw new Anomaly('phantom', `${where} holds ${id}, which was not sent there`)
    if (sent.isDead)
      throw new Anomaly('phantom', `${where} holds ${id}, which was gone after a crash`)
    const key = record.key === null ? null : decoder.decode(record.key)
    const same =
      told === id &&
      key === sent.key &&
      record.timestamp === sent.timestamp &&
      (record.value === null) === sent.isTombstone
    if (!same) throw new Anomaly('changed', `${where} holds ${id} with another key, header or time`)
    this.#place(sent, record.offset)
  }

  #place(sent: Sent, offset: number): void {
    const before = this.#places.get(sent.id)
    if (before !== undefined && before !== offset) {
      throw new Anomaly(
        'duplicate',
        `${sent.id} is in ${this.name} at offset ${before} and at ${offset}`,
      )
    }
    const there = this.known.get(offset)
    if (there !== undefined && there.id !== sent.id) {
      throw new Anomaly(
        'changed',
        `${this.name} had ${there.id} at offset ${offset}, now ${sent.id}`,
      )
    }
    this.known.set(offset, sent)
    this.#places.set(sent.id, offset)
  }

  /** Judges a reading from the earliest offset to the end, and learns from it. */
  check(read: FullRead): void {
    this.#checkBounds(read)
    for (const run of read.unreadable) this.checkRefused(run)
    const found = new Set<number>()
    let next = read.earliest
    for (const record of read.records) {
      if (record.offset < next)
        throw new Anomaly('reordered', `${this.name}: offset ${record.offset} after ${next - 1}`)
      this.#checkGap(next, record.offset, read)
      this.seen(record)
      found.add(record.offset)
      next = record.offset + 1
    }
    this.#checkGap(next, read.end, read)
    this.#checkLost(found, read)
    if (read.opened !== 'no') {
      for (const sent of this.#sent.values()) {
        const isExpected = this.#places.has(sent.id) || this.#expired.has(sent.id)
        if (!isExpected) sent.isDead = true
      }
    }
    this.earliest = read.earliest
  }

  #checkBounds({ earliest, end, opened, unreadable, isTold }: FullRead): void {
    const least = opened === 'no' ? this.earliest : this.durableEarliest
    if (earliest < least) {
      throw new Anomaly('reordered', `${this.name} begins at ${earliest}, before it was ${least}`)
    }
    if (earliest > this.earliest && earliest > this.hold) {
      throw new Anomaly(
        'lost',
        `${this.name} begins at ${earliest}, although offset ${this.hold} was held`,
      )
    }
    for (const [offset, sent] of this.known) {
      if (offset < earliest) {
        this.#expired.add(sent.id)
        this.#forget(offset, sent)
      } else if (offset >= end) {
        if (unreadable.some((run) => run.from <= offset && offset < run.to)) continue
        this.#checkTail(offset, sent, { end, opened, isTold })
      }
    }
  }

  /**
   * Damage of the last batches cannot be told from a torn tail, so they go; after an orderly close it can. What was cut is
   * named, unless nothing of it was left.
   */
  #checkTail(offset: number, sent: Sent, read: Pick<FullRead, 'end' | 'opened' | 'isTold'>): void {
    const excuse = this.#excused.get(offset)
    const where = `${sent.id} at offset ${offset} of ${this.name}, which ends at ${read.end}`
    if (excuse === undefined || read.opened !== 'after crash') throw new Anomaly('lost', where)
    if (excuse === 'visible' && !read.isTold)
      throw new Anomaly('lost', `${where}: and nobody was told`)
    sent.isDead = true
    if (sent.key !== null) {
      this.#taken.set(sent.key, Math.max(this.#taken.get(sent.key) ?? 0, offset))
    }
    this.#excused.delete(offset)
    this.#forget(offset, sent)
  }

  #forget(offset: number, { id }: Sent): void {
    this.known.delete(offset)
    this.#places.delete(id)
  }

  #checkGap(from: number, to: number, { unreadable }: FullRead): void {
    if (this.#isCompact || from === to) return
    for (let offset = from; offset < to; offset++) {
      if (unreadable.some((run) => run.from <= offset && offset < run.to)) continue
      throw new Anomaly('gap', `${this.name} has no record at offset ${offset}, read on at ${to}`)
    }
  }

  #checkLost(found: ReadonlySet<number>, { unreadable }: FullRead): void {
    const newest = new Map<string, number>()
    for (const [offset, { key }] of this.known) {
      if (key !== null) newest.set(key, Math.max(newest.get(key) ?? 0, offset))
    }
    for (const [offset, sent] of this.known) {
      if (found.has(offset) || unreadable.some(({ from, to }) => from <= offset && offset < to))
        continue
      const { key, id } = sent
      // The record that replaced it may have been in the tail that damage took.
      const isErased =
        this.#isCompact &&
        key !== null &&
        (newest.get(key)! > offset || sent.isTombstone || (this.#taken.get(key) ?? -1) > offset)
      if (!isErased) throw new Anomaly('lost', `${id} at offset ${offset} of ${this.name}`)
      if (newest.get(key) === offset) this.#erased.set(key, offset)
      this.known.delete(offset)
    }
    for (const offset of found) {
      const { key, id } = this.known.get(offset)!
      const erased = key === null ? undefined : this.#erased.get(key)
      if (erased !== undefined && offset < erased) {
        throw new Anomaly(
          'phantom',
          `${id} at offset ${offset} of ${this.name} came back after its tombstone at ${erased}`,
        )
      }
    }
  }
}
