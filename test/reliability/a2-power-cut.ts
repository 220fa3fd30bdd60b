/**
 * A2: power cut. The log lies on a file system of its own in a loop-mounted image; the file system is shut down without a
 * flush of its journal, so what was not synced is gone; then it is mounted again and checked. One round in four has slow
 * syncs. The control never syncs and must lose.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/kernels/index.ts'
import type { Soak } from './result.ts'
import { addUp, checkLog, pause, startWriter, type Checked, type Journal } from './writer.ts'

/** xfs makes none below 300 MB. */
const IMAGE_BYTES = 400 * 1024 * 1024
const KINDS = ['ext4', 'xfs'] as const

const has = (tool: string): boolean =>
  ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => existsSync(join(folder, tool)))

function missing(): string | undefined {
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

export const powerCut: Soak = async ({ seed, rounds = 30 }) => {
  const skipped = missing()
  if (skipped !== undefined) return { id: 'A2', skipped }
  const began = performance.now()
  const random = createRandom(seed)
  const anomalies = {}
  const recoveryMs: number[] = []
  let [acknowledged, worst] = [0, undefined as string | undefined]
  for (let round = 0; round < rounds; round++) {
    const kind = KINDS[round % 3 === 2 ? 1 : 0]
    const waitMs = 300 + random.int(1_200)
    const one = await cutOnce(kind, seed + round, waitMs, round % 4 === 3 ? 'slow' : '')
    acknowledged += one.acknowledged
    addUp(anomalies, one.checked.anomalies)
    recoveryMs.push(one.checked.recoveryMs)
    worst ??= one.checked.worst && `${kind}, round ${round}: ${one.checked.worst}`
  }
  const controls = { caught: 0, total: KINDS.length }
  for (const kind of KINDS) {
    const { checked } = await cutOnce(kind, seed, 1_000, 'none')
    if (Object.keys(checked.anomalies).length > 0) controls.caught++
  }
  const seconds = (performance.now() - began) / 1_000
  return {
    id: 'A2',
    promise: 'P1 P5',
    seed,
    rounds,
    acknowledged,
    anomalies,
    recoveryMs,
    worst,
    controls,
    seconds,
  }
}

async function cutOnce(
  kind: (typeof KINDS)[number],
  seed: number,
  waitMs: number,
  sync: string,
): Promise<{ checked: Checked; acknowledged: number }> {
  const base = await mkdtemp(join(tmpdir(), 'millrace-a2-'))
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
    const journal: Journal = new Map()
    const writer = startWriter(join(mount, 'data', 'log'), seed, journal, sync)
    await writer.opened
    await pause(waitMs)
    writer.freeze()
    run('xfs_io', '-x', '-c', 'shutdown', mount)
    await writer.kill()
    run('umount', mount)
    isMounted = false
    run('mount', '-o', 'loop', image, mount)
    isMounted = true
    const checked = await checkLog(join(mount, 'data', 'log'), journal)
    return { checked, acknowledged: journal.size }
  } finally {
    if (isMounted) run('umount', mount)
    await rm(base, { recursive: true, force: true })
  }
}
