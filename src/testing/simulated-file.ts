/**
 * One file of the simulated disk, twice: as programs see it, and as the platter has it. A write changes what is seen and
 * waits in `#unsynced`; a sync carries the waiting effects out on the platter; a power cut carries out some of them, torn,
 * and then only the platter counts.
 */
import type { Random } from '../kernels/index.ts'

/** `isPromised`: a sync reported it as done, which was a lie. */
type Effect =
  | {
      readonly kind: 'write'
      readonly position: number
      readonly bytes: Uint8Array
      isPromised?: true
    }
  | { readonly kind: 'truncate'; readonly sizeBytes: number; isPromised?: true }

/** Bytes of a file. */
interface Range {
  readonly from: number
  readonly to: number
  readonly isForeign: boolean
}

/** What a disk writes whole or not at all. */
export const SECTOR_BYTES = 512

/** Bytes that grow, zero where nothing was written. */
class Content {
  #bytes = new Uint8Array(0)
  size = 0

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.size)
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(256, end, this.#bytes.length * 2))
      larger.set(this.view)
      this.#bytes = larger
    }
    this.#bytes.set(bytes, position)
    this.size = Math.max(this.size, end)
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes > this.size) this.write(new Uint8Array(sizeBytes - this.size), this.size)
    else this.#bytes.fill(0, sizeBytes, this.size)
    this.size = sizeBytes
  }

  become(other: Content): void {
    this.#bytes = other.view.slice()
    this.size = other.size
  }

  carryOut(effect: Effect): void {
    if (effect.kind === 'write') this.write(effect.bytes, effect.position)
    else this.truncate(effect.sizeBytes)
  }
}

export class SimulatedFile {
  readonly #seen = new Content()
  readonly #platter = new Content()
  #unsynced: Effect[] = []
  /** What lies on the platter is not what is seen there. */
  #harmed: Range[] = []
  #taken: { readonly before: Uint8Array; readonly ranges: readonly Range[] } | undefined

  get size(): number {
    return this.#seen.size
  }

  read(target: Uint8Array, position: number): number {
    const bytes = this.#seen.view.subarray(position, position + target.length)
    target.set(bytes)
    return bytes.length
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length > 0) this.#do({ kind: 'write', position, bytes: bytes.slice() })
  }

  truncate(sizeBytes: number): void {
    this.#do({ kind: 'truncate', sizeBytes })
  }

  sync(): void {
    for (const effect of this.#unsynced) this.#platter.carryOut(effect)
    this.#unsynced = []
  }

  /** Reports a sync and does nothing. Cuts are done: a file that grows again has no bytes to name. */
  pretendSync(): void {
    const lied: Effect[] = []
    for (const effect of this.#unsynced) {
      if (effect.kind === 'truncate') this.#platter.carryOut(effect)
      else lied.push({ ...effect, isPromised: true })
    }
    this.#unsynced = lied
  }

  /** A sync that puts its last write somewhere else, maybe into another file: seen as it should be until the power fails. */
  syncElsewhere(victim: SimulatedFile, random: Random): void {
    const lost = this.#unsynced.findLast((effect) => effect.kind === 'write')
    for (const effect of this.#unsynced) if (effect !== lost) this.#platter.carryOut(effect)
    this.#unsynced = []
    if (lost?.kind !== 'write') return
    const { position, bytes } = lost
    this.#harmed.push({ from: position, to: position + bytes.length, isForeign: false })
    const sectors = Math.ceil((victim.#platter.size + 1) / SECTOR_BYTES)
    const from = SECTOR_BYTES * random.int(sectors)
    victim.#platter.write(bytes, from)
    victim.#harmed.push({ from, to: from + bytes.length, isForeign: true })
  }

  /** What a power cut now would take although it was promised, or has on the platter already. */
  brokenPromises(): readonly Range[] {
    const lies = this.#unsynced.flatMap((effect) =>
      effect.kind === 'write' && effect.isPromised === true
        ? [{ from: effect.position, to: effect.position + effect.bytes.length, isForeign: false }]
        : [],
    )
    return [...this.#harmed, ...lies]
  }

  /** What the last power cut took although it was promised, and the content that was seen before it. */
  get taken(): { readonly before: Uint8Array; readonly ranges: readonly Range[] } | undefined {
    return this.#taken
  }

  /** Takes another content, at rest. */
  become(bytes: Uint8Array): void {
    this.cut(0)
    this.damage(0, bytes)
  }

  /**
   * A sync that fails: some of what waited reaches the platter. The rest never will, although programs go on seeing it: a
   * failed page counts as clean, and the next sync succeeds without it (Rebello et al., "Can Applications Recover from
   * fsync Failures?", USENIX ATC 2020).
   */
  failSync(random: Random): void {
    for (const effect of this.#unsynced) {
      if (random.int(2) === 0) this.#platter.carryOut(effect)
    }
    this.#unsynced = []
  }

  /** Remembers what it takes against the disk's word: see `taken`. */
  powerCut(random: Random): void {
    const ranges = this.brokenPromises()
    this.#taken = ranges.length === 0 ? undefined : { before: this.content(), ranges }
    for (const effect of this.#unsynced) {
      if (effect.kind === 'truncate') {
        if (random.int(2) === 0) this.#platter.carryOut(effect)
      } else this.#tear(effect.position, effect.bytes, random)
    }
    this.#unsynced = []
    this.#harmed = []
    this.#seen.become(this.#platter)
  }

  /** Changes what is stored behind everyone's back: at rest, so nothing waits any more that could undo it. */
  damage(position: number, bytes: Uint8Array): void {
    this.sync()
    for (const content of [this.#seen, this.#platter]) content.write(bytes, position)
  }

  cut(sizeBytes: number): void {
    this.sync()
    for (const content of [this.#seen, this.#platter]) content.truncate(sizeBytes)
  }

  /** A copy of what is seen. */
  content(): Uint8Array {
    return this.#seen.view.slice()
  }

  #do(effect: Effect): void {
    this.#seen.carryOut(effect)
    this.#unsynced.push(effect)
  }

  /** Lost, whole, its length alone (zeros), its beginning, or any of its sectors. */
  #tear(position: number, bytes: Uint8Array, random: Random): void {
    const how = random.int(6)
    if (how <= 1) return
    if (how === 2) {
      this.#platter.write(bytes, position)
      return
    }
    if (how === 3) {
      this.#platter.truncate(Math.max(this.#platter.size, position + bytes.length))
      return
    }
    if (how === 4) {
      this.#platter.write(bytes.subarray(0, random.int(bytes.length + 1)), position)
      return
    }
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES))
      if (random.int(2) === 0) this.#platter.write(bytes.subarray(at, end), position + at)
      at = end
    }
  }
}

/** One folder: names as programs see them, and as they are durable. */
export class SimulatedFolder {
  readonly seen = new Map<string, SimulatedNode>()
  #durable = new Map<string, SimulatedNode>()
  #unsynced: NameEffect[] = []

  change(effect: NameEffect): void {
    carryOut(this.seen, effect)
    this.#unsynced.push(effect)
  }

  /** Makes the first `count` waiting changes durable. */
  sync(count = this.#unsynced.length): void {
    for (const effect of this.#unsynced.splice(0, count)) carryOut(this.#durable, effect)
  }

  get waiting(): number {
    return this.#unsynced.length
  }

  /** Keeps the first changes (`ordered`, as a journal does) or any of them, then cuts everything within. */
  powerCut(random: Random, ordered: boolean): void {
    if (ordered) this.sync(random.int(this.#unsynced.length + 1))
    else {
      for (const effect of this.#unsynced) {
        if (random.int(2) === 0) carryOut(this.#durable, effect)
      }
    }
    this.#unsynced = []
    this.seen.clear()
    for (const [name, node] of this.#durable) {
      this.seen.set(name, node)
      if (node instanceof SimulatedFolder) node.powerCut(random, ordered)
      else node.powerCut(random)
    }
  }
}

export type SimulatedNode = SimulatedFile | SimulatedFolder

/** One atomic change of names. */
export interface NameEffect {
  readonly remove?: string
  readonly add?: readonly [name: string, node: SimulatedNode]
}

function carryOut(names: Map<string, SimulatedNode>, { remove, add }: NameEffect): void {
  if (remove !== undefined) names.delete(remove)
  if (add !== undefined) names.set(...add)
}
