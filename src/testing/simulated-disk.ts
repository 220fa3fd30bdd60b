/**
 * A disk in memory that does to its user what disks do: short writes, errors, a full disk, failed and lying syncs, a power
 * cut that keeps any part of what was not synced, damage at rest. It has the calls of the embedded log's `Storage`.
 *
 * Deterministic: a call waits until `step` carries out one of the waiting ones, and the seed says which, and everything
 * else. So calls that are under way together happen in any order, and a crash can come between any two of them.
 */
import { createRandom, type Random } from '../kernels/index.ts'
import { SECTOR_BYTES, SimulatedFile, SimulatedFolder } from './simulated-file.ts'

export type DiskCall =
  | 'open' | 'read' | 'write' | 'datasync' | 'truncate' | 'size' | 'close' | 'list' | 'makeDir' | 'rename' | 'link'
  | 'unlink' | 'removeDir' | 'syncDir' // prettier-ignore

export interface DiskFaults {
  /** Chance that a call fails with EIO. */
  readonly fail?: Partial<Record<DiskCall, number>>
  /** Chance that a read or write is interrupted (EINTR) before it did anything. */
  readonly interrupted?: number
  /** Chance that a read or write does only a part. */
  readonly short?: number
  /** Bytes that are still free; without it the disk is never full. */
  readonly freeBytes?: number
  /** Chance that a sync of a file reports success and does nothing: no program survives that; checkers must see it. */
  readonly lyingSync?: number
}

export interface Damage {
  readonly path: string
  readonly kind: DamageKind
  readonly position: number
}
export type DamageKind = 'flip' | 'zero' | 'misdirect' | 'cut'

interface Waiting {
  readonly run: () => void
}

const errno = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${path}`), { code })

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
    call.run()
  }

  /** The process ends: calls under way happen or not, nobody is told, and its mount answers no more. */
  kill(): void {
    this.#mount = {}
    const waiting = this.#random.shuffle(this.#waiting)
    this.#waiting = []
    for (const { run } of waiting) if (this.#random.int(2) === 0) run()
  }

  /** The machine ends: as `kill`, and of what was not synced any part is gone. */
  powerCut(): void {
    this.kill()
    this.#root.powerCut(this.#random, this.ordered)
  }

  /** The disk as one process sees it. */
  mount(): SimulatedStorage {
    const mount = {}
    this.#mount = mount
    return new SimulatedStorage((kind, path, run) => {
      if (this.#mount !== mount) return never
      return new Promise((resolve, reject) => {
        this.#waiting.push({
          run: () => {
            try {
              resolve(this.#carryOut(kind, path, run))
            } catch (error) {
              reject(error)
            }
          },
        })
      })
    }, this.#root)
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

  /** Damages one file at rest; undefined when it is empty, so that nothing can be damaged. */
  damage(path: string, kind: DamageKind): Damage | undefined {
    const file = fileAt(this.#root, path)
    const random = this.#random
    const content = file.content()
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
    const changed = file.content()
    const same =
      changed.length === content.length && changed.every((byte, at) => byte === content[at])
    return same ? undefined : { path, kind, position }
  }

  #carryOut<T>(kind: DiskCall, path: string, run: (how: Conditions) => T): T {
    this.calls++
    this.callsByKind.set(kind, (this.callsByKind.get(kind) ?? 0) + 1)
    const { fail, interrupted = 0, short = 0, lyingSync = 0 } = this.#faults
    const random = this.#random
    const happens = (chance: number): boolean => chance > 0 && random.uniform() < chance
    const transfers = kind === 'read' || kind === 'write'
    if (transfers && happens(interrupted)) throw errno('EINTR', path)
    return run({
      path,
      random,
      fails: happens(fail?.[kind] ?? 0),
      lies: happens(lyingSync),
      isShort: transfers && happens(short),
      take: (bytes) => {
        if (this.#freeBytes <= 0) throw errno('ENOSPC', path)
        const taken = Math.min(bytes, this.#freeBytes)
        this.#freeBytes -= taken
        return taken
      },
    })
  }
}

/** What the disk has in mind for one call. */
interface Conditions {
  readonly path: string
  readonly random: Random
  readonly fails: boolean
  readonly lies: boolean
  readonly isShort: boolean
  /** Uses up to so many bytes of the free space; ENOSPC when there is none. */
  take(bytes: number): number
}

type MakeCall = <T>(kind: DiskCall, path: string, run: (how: Conditions) => T) => Promise<T>

/** A new name costs a little of a disk that fills up. */
const NAME_BYTES = 32

class SimulatedStorage {
  readonly #call: MakeCall
  readonly #root: SimulatedFolder

  constructor(call: MakeCall, root: SimulatedFolder) {
    this.#call = call
    this.#root = root
  }

  open(path: string, mode: 'read' | 'write' | 'create'): Promise<SimulatedHandle> {
    return this.#call('open', path, (how) => {
      refuse(how)
      const [folder, name] = parentOf(this.#root, path)
      const node = folder.seen.get(name)
      if (node instanceof SimulatedFolder) throw errno('EISDIR', path)
      if (node !== undefined) {
        if (mode === 'create') node.truncate(0)
        return new SimulatedHandle(this.#call, path, node)
      }
      if (mode !== 'create') throw errno('ENOENT', path)
      how.take(NAME_BYTES)
      const file = new SimulatedFile()
      folder.change({ add: [name, file] })
      return new SimulatedHandle(this.#call, path, file)
    })
  }

  list(path: string): Promise<readonly string[]> {
    return this.#call('list', path, (how) => {
      refuse(how)
      return how.random.shuffle([...folderAt(this.#root, path).seen.keys()])
    })
  }

  makeDir(path: string): Promise<void> {
    return this.#call('makeDir', path, (how) => {
      refuse(how)
      let folder = this.#root
      for (const name of namesOf(path)) {
        let next = folder.seen.get(name)
        if (next instanceof SimulatedFile) throw errno('EEXIST', path)
        if (next === undefined) {
          how.take(NAME_BYTES)
          next = new SimulatedFolder()
          folder.change({ add: [name, next] })
        }
        folder = next
      }
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', to, (how) => {
      refuse(how)
      const [folder, name] = parentOf(this.#root, from)
      const [target, newName] = parentOf(this.#root, to)
      const node = folder.seen.get(name)
      if (node === undefined) throw errno('ENOENT', from)
      if (target !== folder) throw new RangeError('the simulated disk renames within a folder only')
      const there = target.seen.get(newName)
      if (there instanceof SimulatedFolder && there.seen.size > 0) throw errno('ENOTEMPTY', to)
      if (newName !== name) folder.change({ remove: name, add: [newName, node] })
    })
  }

  link(from: string, to: string): Promise<void> {
    return this.#call('link', to, (how) => {
      refuse(how)
      const [folder, name] = parentOf(this.#root, to)
      if (folder.seen.has(name)) throw errno('EEXIST', to)
      how.take(NAME_BYTES)
      folder.change({ add: [name, fileAt(this.#root, from)] })
    })
  }

  unlink(path: string): Promise<void> {
    return this.#call('unlink', path, (how) => {
      refuse(how)
      const [folder, name] = parentOf(this.#root, path)
      const node = folder.seen.get(name)
      if (node === undefined) throw errno('ENOENT', path)
      if (node instanceof SimulatedFolder) throw errno('EISDIR', path)
      folder.change({ remove: name })
    })
  }

  removeDir(path: string): Promise<void> {
    return this.#call('removeDir', path, (how) => {
      refuse(how)
      if (folderAt(this.#root, path).seen.size > 0) throw errno('ENOTEMPTY', path)
      const [folder, name] = parentOf(this.#root, path)
      folder.change({ remove: name })
    })
  }

  syncDir(path: string): Promise<void> {
    return this.#call('syncDir', path, (how) => {
      const folder = folderAt(this.#root, path)
      if (how.fails) folder.sync(how.random.int(folder.waiting + 1))
      refuse(how)
      folder.sync()
    })
  }
}

class SimulatedHandle {
  readonly #call: MakeCall
  readonly #path: string
  readonly #file: SimulatedFile

  constructor(call: MakeCall, path: string, file: SimulatedFile) {
    this.#call = call
    this.#path = path
    this.#file = file
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#call('read', this.#path, (how) => {
      refuse(how)
      const length = how.isShort
        ? Math.min(target.length, 1 + how.random.int(target.length))
        : target.length
      return this.#file.read(target.subarray(0, length), position)
    })
  }

  write(source: Uint8Array, position: number): Promise<number> {
    return this.#call('write', this.#path, (how) => {
      let length = how.isShort || how.fails ? how.random.int(source.length + 1) : source.length
      const growth = Math.max(0, position + length - this.#file.size)
      // The free space bounds what grows; what is overwritten needs none.
      if (growth > 0) length -= growth - how.take(growth)
      this.#file.write(source.subarray(0, length), position)
      refuse(how)
      return length
    })
  }

  datasync(): Promise<void> {
    return this.#call('datasync', this.#path, (how) => {
      if (how.fails) this.#file.failSync(how.random)
      refuse(how)
      if (!how.lies) this.#file.sync()
    })
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#call('truncate', this.#path, (how) => {
      refuse(how)
      this.#file.truncate(sizeBytes)
    })
  }

  size(): Promise<number> {
    return this.#call('size', this.#path, (how) => {
      refuse(how)
      return this.#file.size
    })
  }

  close(): Promise<void> {
    return this.#call('close', this.#path, () => {})
  }
}

function refuse({ fails, path }: Conditions): void {
  if (fails) throw errno('EIO', path)
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '')

function folderAt(root: SimulatedFolder, path: string, depth = Infinity): SimulatedFolder {
  let folder = root
  for (const name of namesOf(path).slice(0, depth)) {
    const next = folder.seen.get(name)
    if (next === undefined) throw errno('ENOENT', path)
    if (next instanceof SimulatedFile) throw errno('ENOTDIR', path)
    folder = next
  }
  return folder
}

function parentOf(root: SimulatedFolder, path: string): [SimulatedFolder, string] {
  return [folderAt(root, path, -1), path.slice(path.lastIndexOf('/') + 1)]
}

function fileAt(root: SimulatedFolder, path: string): SimulatedFile {
  const [folder, name] = parentOf(root, path)
  const node = folder.seen.get(name)
  if (node instanceof SimulatedFile) return node
  throw errno(node === undefined ? 'ENOENT' : 'EISDIR', path)
}
