/**
 * Wrong versions of the log, each a storage that forgets one of the driver's duties: what the driver asks for does not
 * happen, or what went wrong is not told. The simulation must find every one of them, or it proves nothing.
 */
import { crc32c } from '../../../src/kernels/index.ts'
import {
  batchSize,
  BATCH_HEADER_BYTES,
} from '../../../src/log/drivers/embedded/format/batch-header.ts'
import {
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
} from '../../../src/log/drivers/embedded/format/segment-header.ts'
import { readText } from '../../../src/log/drivers/embedded/folder/durable-file.ts'
import type { OpenMode, Storage, StorageFile } from '../../../src/log/drivers/embedded/storage.ts'
import type { Sabotage } from './machine.ts'

export interface Saboteur {
  readonly name: string
  /** Schedules with damage at rest show it; the others without. */
  readonly damage: boolean
  readonly sabotage: Sabotage
}

type FileCalls = (file: StorageFile, path: string) => Partial<StorageFile>

/** A storage whose files do some calls otherwise. */
const withFiles =
  (calls: FileCalls): Sabotage =>
  (storage) =>
    withCalls(storage, {
      async open(path, mode) {
        const file = await storage.open(path, mode)
        return { ...plainFile(file), ...calls(file, path) }
      },
    })

const plainFile = (file: StorageFile): StorageFile => ({
  read: (target, position) => file.read(target, position),
  write: (source, position) => file.write(source, position),
  datasync: () => file.datasync(),
  truncate: (sizeBytes) => file.truncate(sizeBytes),
  size: () => file.size(),
  close: () => file.close(),
})

const withCalls = (storage: Storage, calls: Partial<Storage>): Storage => ({
  open: (path, mode) => storage.open(path, mode),
  list: (folder) => storage.list(folder),
  makeDir: (folder) => storage.makeDir(folder),
  rename: (from, to) => storage.rename(from, to),
  link: (from, to) => storage.link(from, to),
  unlink: (path) => storage.unlink(path),
  removeDir: (folder) => storage.removeDir(folder),
  syncDir: (folder) => storage.syncDir(folder),
  ...calls,
})

const isSegment = (path: string): boolean => path.endsWith('.log')
const ignored = (): void => {}

export const SABOTEURS: readonly Saboteur[] = [
  {
    name: 'no fsync in the log',
    damage: false,
    sabotage: withFiles((_file, path) => (isSegment(path) ? { datasync: async () => {} } : {})),
  },
  {
    name: 'no directory sync',
    damage: false,
    sabotage: (storage) => withCalls(storage, { syncDir: async () => {} }),
  },
  {
    name: 'acknowledge before the sync is done',
    damage: false,
    sabotage: withFiles((file) => ({
      datasync: async () => void file.datasync().catch(ignored),
    })),
  },
  {
    name: 'rename before the file is synced',
    damage: false,
    sabotage: withFiles((_file, path) =>
      path.endsWith('.tmp') || path.endsWith('.compacted') ? { datasync: async () => {} } : {},
    ),
  },
  {
    name: 'ignore a short write',
    damage: false,
    sabotage: withFiles((file) => ({
      write: async (source, position) => {
        await file.write(source, position)
        return source.length
      },
    })),
  },
  {
    name: 'swallow EIO of a write',
    damage: false,
    sabotage: withFiles((file) => ({
      write: (source, position) => file.write(source, position).catch(() => source.length),
    })),
  },
  {
    name: 'swallow EIO of a sync',
    damage: false,
    sabotage: withFiles((file) => ({ datasync: () => file.datasync().catch(ignored) })),
  },
  {
    name: 'swallow EIO of a directory sync',
    damage: false,
    sabotage: (storage) =>
      withCalls(storage, { syncDir: (folder) => storage.syncDir(folder).catch(ignored) }),
  },
  {
    name: 'take an interrupted read for the end of the file',
    damage: false,
    sabotage: withFiles((file) => ({
      read: (target, position) =>
        file.read(target, position).catch((error: Error) => {
          if (error.message.startsWith('EINTR')) return 0
          throw error
        }),
    })),
  },
  {
    name: 'no record checksum',
    damage: true,
    sabotage: withFiles((file, path) => (isSegment(path) ? { read: withoutChecksum(file) } : {})),
  },
  {
    name: 'serve a segment without looking whose it is',
    damage: true,
    sabotage: (storage) =>
      withCalls(storage, {
        open: async (path, mode) =>
          isSegment(path) ? asOurs(storage, path, mode) : storage.open(path, mode),
      }),
  },
]

/** The file as if its header said what its place says. */
async function asOurs(storage: Storage, path: string, mode: OpenMode): Promise<StorageFile> {
  const [, topic = '', partition, base] = /^(.*)\/(\d+)\/(\d+)\.log$/.exec(path) ?? []
  const described = await readText(storage, `${topic}/topic.json`)
  const topicId = /"id":"([^"]+)"/.exec(described ?? '')?.[1]
  const file = await storage.open(path, mode)
  if (topicId === undefined) return file
  const identity = { topicId, partition: Number(partition), base: Number(base) }
  const header = encodeSegmentHeader(identity)
  return {
    ...plainFile(file),
    read: async (target, position) => {
      const count = await file.read(target, position)
      for (let at = position; at < Math.min(header.length, position + count); at++) {
        target[at - position] = header[at]!
      }
      return count
    },
  }
}

/** Hands out every batch with the checksum that its bytes would have, as if nobody compared them. */
function withoutChecksum(file: StorageFile): StorageFile['read'] {
  return async (target, position) => {
    const bytes = new Uint8Array(await file.size())
    for (let done = 0; done < bytes.length;) {
      const count = await file.read(bytes.subarray(done), done).catch(() => 0)
      if (count > 0) done += count
    }
    const view = new DataView(bytes.buffer)
    for (let at = SEGMENT_HEADER_BYTES; at + BATCH_HEADER_BYTES <= bytes.length;) {
      const size = batchSize(bytes, at)
      if (size < BATCH_HEADER_BYTES || at + size > bytes.length) break
      view.setUint32(at + 17, crc32c(bytes, at + 21, at + size))
      at += size
    }
    const part = bytes.subarray(position, position + target.length)
    target.set(part)
    return part.length
  }
}
