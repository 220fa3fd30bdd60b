/** The simulated disk as a process sees it: the calls of the embedded log's `Storage`, each carried out when its turn comes. */
import type { Random } from '../kernels/index.ts'
import { SimulatedFile, SimulatedFolder } from './simulated-file.ts'

export type DiskCall =
  | 'open' | 'read' | 'write' | 'datasync' | 'truncate' | 'size' | 'close' | 'list' | 'makeDir' | 'rename' | 'link'
  | 'unlink' | 'removeDir' | 'syncDir' // prettier-ignore

export const errno = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${path}`), { code })

/** What the disk has in mind for one call. */
export interface Conditions {
  readonly path: string
  readonly random: Random
  readonly fails: boolean
  readonly lies: boolean
  readonly isShort: boolean
  readonly isMisdirected: boolean
  readonly disk: Space
}

/** What calls ask of the disk as a whole. */
interface Space {
  take(bytes: number, path: string): number
  anyFile(): SimulatedFile
}

export type Run<T> = (how: Conditions) => T

type MakeCall = <T>(kind: DiskCall, path: string, run: Run<T>) => Promise<T>

/** A new name costs a little of a disk that fills up. */
const NAME_BYTES = 32

export class SimulatedStorage {
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
      how.disk.take(NAME_BYTES, path)
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
          how.disk.take(NAME_BYTES, path)
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
      how.disk.take(NAME_BYTES, to)
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
      if (growth > 0) length -= growth - how.disk.take(growth, this.#path)
      this.#file.write(source.subarray(0, length), position)
      refuse(how)
      return length
    })
  }

  datasync(): Promise<void> {
    return this.#call('datasync', this.#path, (how) => {
      if (how.fails) this.#file.failSync(how.random)
      refuse(how)
      if (how.isMisdirected) this.#file.syncElsewhere(how.disk.anyFile(), how.random)
      else if (how.lies) this.#file.pretendSync()
      else this.#file.sync()
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

export function fileAt(root: SimulatedFolder, path: string): SimulatedFile {
  const [folder, name] = parentOf(root, path)
  const node = folder.seen.get(name)
  if (node instanceof SimulatedFile) return node
  throw errno(node === undefined ? 'ENOENT' : 'EISDIR', path)
}
