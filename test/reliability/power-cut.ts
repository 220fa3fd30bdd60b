/**
 * A power cut: a file system of its own in a loop-mounted image is shut down without a flush of its journal, so what was not
 * synced is gone; then it is mounted again and checked.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pause } from './writer.ts'

/** xfs makes none below 300 MB. */
const IMAGE_BYTES = 400 * 1024 * 1024
export const FILE_SYSTEMS = ['ext4', 'xfs'] as const
export type FileSystem = (typeof FILE_SYSTEMS)[number]

const PATHS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin']
const has = (tool: string): boolean => PATHS.some((folder) => existsSync(join(folder, tool)))

/** Why no power can be cut here. */
export function missingForPowerCut(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root, to mount a loop device'
  const tools = ['mkfs.ext4', 'mkfs.xfs', 'xfs_io', 'mount', 'umount'].filter((tool) => !has(tool))
  if (tools.length > 0) return `needs ${tools.join(', ')}: apt-get install xfsprogs e2fsprogs`
  return undefined
}

const run = (tool: string, ...args: string[]): void => {
  execFileSync(tool, args, {
    stdio: 'pipe',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  })
}

const UNMOUNT_WITHIN_MS = 10_000

/** Children of a victim that was killed may take a moment to follow it. */
async function unmount(mount: string): Promise<void> {
  const deadline = performance.now() + UNMOUNT_WITHIN_MS
  for (;;) {
    try {
      run('umount', mount)
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await pause(50)
    }
  }
}

/** What writes until the power goes. */
export interface PoweredVictim {
  /** What it acknowledges from here on does not count. */
  freeze(): void
  kill(): Promise<void>
}

export interface PowerCut<T> {
  readonly kind: FileSystem
  readonly waitMs: number
  start(folder: string): Promise<PoweredVictim>
  check(folder: string): Promise<T>
}

export async function cutPower<T>(cut: PowerCut<T>): Promise<T> {
  const { kind, waitMs } = cut
  const base = await mkdtemp(join(tmpdir(), 'millrace-power-'))
  const image = join(base, 'image')
  const mount = join(base, 'mount')
  let isMounted = false
  try {
    const file = await open(image, 'w')
    await file.truncate(IMAGE_BYTES)
    await file.close()
    await mkdir(mount)
    run(`mkfs.${kind}`, '-q', image)
    run('mount', '-o', 'loop', image, mount)
    isMounted = true
    // The mount point's own folder is durable before the writer begins.
    run('sync', '-f', mount)
    const victim = await cut.start(join(mount, 'data'))
    await pause(waitMs)
    victim.freeze()
    run('xfs_io', '-x', '-c', 'shutdown', mount)
    await victim.kill()
    await unmount(mount)
    isMounted = false
    run('mount', '-o', 'loop', image, mount)
    isMounted = true
    return await cut.check(join(mount, 'data'))
  } finally {
    if (isMounted) await unmount(mount)
    await rm(base, { recursive: true, force: true })
  }
}
