/**
 * A disk in memory that does to its user what disks do: short writes, errors, a full disk, failed and lying syncs, writes
 * that go to another place than they were meant for, a power cut that keeps any part of what was not synced, damage at rest,
 * files that change places. It has the calls of the embedded log's `Storage`, and knows afterwards what it broke.
 *
 * Deterministic: a call waits until `step` carries out one of the waiting ones, and the seed says which, and everything
 * else. So calls that are under way together happen in any order, and a crash can come between any two of them.
 */
import { createRandom, type Random } from '../kernels/index.ts'
import { SECTOR_BYTES, SimulatedFolder, type SimulatedFile } from './simulated-file.ts'
import { errno, fileAt, SimulatedStorage, type DiskCall, type Run } from './simulated-storage.ts'

export interface DiskFaults {
  /** Chance that a call fails with EIO. */
  readonly fail?: Partial<Record<DiskCall, number>>
  /** Chance that a read or write is interrupted (EINTR) before it did anything. */
  readonly interrupted?: number
  /** Chance that a read or write does only a part. */
  readonly short?: number
  /** Bytes that are still free; without it the disk is never full. */
  readonly freeBytes?: number
  /** Chance that a sync of a file reports success and does nothing: what a power cut then takes is among the `harms`. */
  readonly lyingSync?: number
  /** Chance that a sync puts a write where it does not belong, in this file or another one: both are among the `harms`. */
  readonly misdirected?: number
  /** Lies and misdirection concern only files whose names end so; without it all. */
  readonly unfaithfulTo?: string
}

/** Bytes of a file that are not what the disk had promised to keep; `before` is the content that it had shown. */
export interface Harm {
  readonly path: string
  readonly before: Uint8Array
  readonly from: number
  readonly to: number
  /** Bytes of another place lie there now. */
  readonly isForeign: boolean
}

export interface Damage {
  readonly kind: DamageKind
  /** One for each file that was harmed. */
  readonly harms: readonly Harm[]
}
export type DamageKind = 'flip' | 'zero' | 'misdirect' | 'cut' | 'swap'

/** A call that was made and not carried out yet. */
interface Waiting {
  readonly kind: DiskCall
  readonly path: string
  readonly run: Run<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

const never = new Promise<never>(() => {})

export class SimulatedDisk {
  /** Calls carried out so far. */
  calls = 0
  /** Calls carried out so far, by kind. */
  readonly callsByKind = new Map<DiskCall, number>()
  /** Whether a power cut keeps changes of names in their order. */
  ordered = false
  #faults: DiskFaults = {}
  #freeBytes = Infinity
  #random: Random
  #root = new SimulatedFolder()
  #waiting: Waiting[] = []
  #mount: object = {}

  constructor(seed: number) {
    this.#random = createRandom(seed)
  }

  /** Everything from here on follows from this seed. */
  reseed(seed: number): void {
    this.#random = createRandom(seed)
  }

  setFaults(faults: DiskFaults): void {
    this.#faults = faults
    this.#freeBytes = faults.freeBytes ?? Infinity
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Carries out one of the waiting calls. */
  step(): void {
    const at = this.#random.int(this.#waiting.length)
    const call = this.#waiting[at]!
    const last = this.#waiting.pop()!
    if (last !== call) this.#waiting[at] = last
    this.#finish(call)
  }

  /** The process ends: calls under way happen or not, nobody is told, and its mount answers no more. */
  kill(): void {
    this.#mount = {}
    const waiting = this.#random.shuffle(this.#waiting)
    this.#waiting = []
    for (const { kind, path, run } of waiting) {
      if (this.#random.int(2) === 0) continue
      try {
        this.#carryOut(kind, path, run)
      } catch {
        // A call that failed with nobody left to be told.
      }
    }
  }

  /** The machine ends: as `kill`, and of what was not synced any part is gone. Returns what was gone against its word. */
  powerCut(): readonly Harm[] {
    this.kill()
    const harms: Harm[] = []
    const listed = new Set<SimulatedFile>()
    for (const path of this.paths()) {
      const file = fileAt(this.#root, path)
      const ranges = file.brokenPromises()
      if (ranges.length === 0) continue
      listed.add(file)
      const before = file.content()
      for (const range of ranges) harms.push({ path, before, ...range })
    }
    this.#root.powerCut(this.#random, this.ordered)
    // A file whose removal was not durable is back, with what was harmed in it.
    for (const path of this.paths()) {
      const file = fileAt(this.#root, path)
      if (file.taken === undefined || listed.has(file)) continue
      const { before, ranges } = file.taken
      for (const range of ranges) harms.push({ path, before, ...range })
    }
    return harms
  }

  /** The disk as one process sees it. */
  mount(): SimulatedStorage {
    const mount = {}
    this.#mount = mount
    return new SimulatedStorage((kind, path, run) => {
      if (this.#mount !== mount) return never
      return new Promise((resolve, reject) => {
        this.#waiting.push({ kind, path, run, resolve: resolve as Waiting['resolve'], reject })
      })
    }, this.#root)
  }

  #finish({ kind, path, run, resolve, reject }: Waiting): void {
    try {
      resolve(this.#carryOut(kind, path, run))
    } catch (error) {
      reject(error)
    }
  }

  /** Every file's path. */
  paths(): string[] {
    const found: string[] = []
    const walk = (folder: SimulatedFolder, path: string): void => {
      for (const [name, node] of folder.seen) {
        if (node instanceof SimulatedFolder) walk(node, `${path}/${name}`)
        else found.push(`${path}/${name}`)
      }
    }
    walk(this.#root, '')
    return found.toSorted()
  }

  contentOf(path: string): Uint8Array {
    return fileAt(this.#root, path).content()
  }

  /** Damages one file at rest, or two (`swap`); undefined when nothing changed. */
  damage(path: string, kind: DamageKind): Damage | undefined {
    const file = fileAt(this.#root, path)
    const random = this.#random
    const content = file.content()
    if (kind === 'swap') return this.#swap(path, file)
    if (content.length === 0) return undefined
    const position = random.int(content.length)
    const start = position - (position % SECTOR_BYTES)
    const end = Math.min(content.length, start + SECTOR_BYTES)
    if (kind === 'cut') file.cut(position)
    if (kind === 'flip') {
      file.damage(position, Uint8Array.of(content[position]! ^ (1 << random.int(8))))
    }
    if (kind === 'zero') file.damage(start, new Uint8Array(end - start))
    if (kind === 'misdirect') {
      // A sector that was meant for another place of the file.
      const from = SECTOR_BYTES * random.int(Math.ceil(content.length / SECTOR_BYTES))
      file.damage(start, content.subarray(from, Math.min(content.length, from + end - start)))
    }
    if (isSame(file.content(), content)) return undefined
    const harm = { path, before: content, isForeign: kind === 'misdirect' }
    if (kind === 'flip') return { kind, harms: [{ ...harm, from: position, to: position + 1 }] }
    if (kind === 'cut') return { kind, harms: [{ ...harm, from: position, to: content.length }] }
    return { kind, harms: [{ ...harm, from: start, to: end }] }
  }

  /** The file and another one of its name change places; without such a one nothing happens. */
  #swap(path: string, file: SimulatedFile): Damage | undefined {
    const name = path.slice(path.lastIndexOf('/'))
    const others = this.paths().filter((other) => other !== path && other.endsWith(name))
    if (others.length === 0) return undefined
    const otherPath = others[this.#random.int(others.length)]!
    const other = fileAt(this.#root, otherPath)
    const [mine, theirs] = [file.content(), other.content()]
    if (isSame(mine, theirs)) return undefined
    file.become(theirs)
    other.become(mine)
    const harms = [
      { path, before: mine, from: 0, to: mine.length, isForeign: true },
      { path: otherPath, before: theirs, from: 0, to: theirs.length, isForeign: true },
    ]
    return { kind: 'swap', harms }
  }

  #carryOut<T>(kind: DiskCall, path: string, run: Run<T>): T {
    this.calls++
    this.callsByKind.set(kind, (this.callsByKind.get(kind) ?? 0) + 1)
    const { fail, interrupted = 0, short = 0 } = this.#faults
    const { lyingSync = 0, misdirected = 0, unfaithfulTo = '' } = this.#faults
    const transfers = kind === 'read' || kind === 'write'
    if (transfers && this.#happens(interrupted)) throw errno('EINTR', path)
    const fails = this.#happens(fail?.[kind] ?? 0)
    const isFaithful = !path.endsWith(unfaithfulTo)
    const lies = !isFaithful && this.#happens(lyingSync)
    const isShort = transfers && this.#happens(short)
    const isMisdirected = kind === 'datasync' && !isFaithful && this.#happens(misdirected)
    return run({ path, random: this.#random, fails, lies, isShort, isMisdirected, disk: this })
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random.uniform() < chance
  }

  /** Uses up to so many bytes of the free space; ENOSPC when there is none. */
  take(bytes: number, path: string): number {
    if (this.#freeBytes <= 0) throw errno('ENOSPC', path)
    const taken = Math.min(bytes, this.#freeBytes)
    this.#freeBytes -= taken
    return taken
  }

  /** Any file, for a write that misses its own. */
  anyFile(): SimulatedFile {
    const { unfaithfulTo = '' } = this.#faults
    const paths = this.paths().filter((path) => path.endsWith(unfaithfulTo))
    return fileAt(this.#root, paths[this.#random.int(paths.length)]!)
  }
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at])
