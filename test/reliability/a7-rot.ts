/**
 * A7: one stored file of a closed log is damaged; opened again, the log may refuse what was damaged, and must never give
 * anything else out. Then the same with the lake (`a7-lake-rot.ts`). The registry's artifacts are in its own suite (R5).
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom, type Random } from '../../src/kernels/index.ts'
import { openLog } from '../../src/log/index.ts'
import { isMillraceError } from '../../src/core/index.ts'
import { openLakeRot } from './a7-lake-rot.ts'
import { Anomaly, type AnomalyName } from './anomaly.ts'
import { idOf, payload } from './payload.ts'
import type { Soak } from './result.ts'

const KINDS = ['flip', 'cut', 'zero', 'swap', 'stale'] as const
type Kind = (typeof KINDS)[number]
const PAGE_BYTES = 4_096
const TOPICS = ['a', 'b']
const RECORDS = 60

export const rot: Soak = async ({ seed, rounds = 50 }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const root = await mkdtemp(join(tmpdir(), 'millrace-a7-'))
  const lake = await openLakeRot(seed)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const told: Record<string, number> = {}
  let worst: string | undefined
  try {
    await write(join(root, 'stale'), RECORDS / 2)
    await cp(join(root, 'stale'), join(root, 'whole'), { recursive: true })
    await write(join(root, 'whole'), RECORDS)
    for (let round = 0; round < rounds * KINDS.length; round++) {
      const kind = KINDS[round % KINDS.length]!
      const dir = join(root, 'rotten')
      await cp(join(root, 'whole'), dir, { recursive: true })
      const file = await damage(kind, dir, join(root, 'stale'), random)
      try {
        const answer = `${kind}: ${await readBack(dir)}`
        told[answer] = (told[answer] ?? 0) + 1
      } catch (error) {
        const name = error instanceof Anomaly ? error.anomaly : 'unopenable'
        anomalies[name] = (anomalies[name] ?? 0) + 1
        worst ??= `${kind} of ${file}: ${String(error)}`
      }
      await rm(dir, { recursive: true })
      try {
        const answer = `lake, ${kind}: ${await lake.round(kind)}`
        told[answer] = (told[answer] ?? 0) + 1
      } catch (error) {
        const name = error instanceof Anomaly ? error.anomaly : 'unopenable'
        anomalies[name] = (anomalies[name] ?? 0) + 1
        worst ??= String(error)
      }
    }
  } finally {
    await lake.close()
    await rm(root, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const acknowledged = RECORDS * TOPICS.length
  const all = 2 * rounds * KINDS.length
  return {
    id: 'A7',
    promise: 'P6',
    seed,
    rounds: all,
    acknowledged,
    anomalies,
    worst,
    seconds,
    more: { told },
  }
}

async function write(dir: string, until: number): Promise<void> {
  const log = await openLog({ dir })
  for (const name of TOPICS) {
    const { partitions } = await log.createTopic({ name, config: { segmentBytes: 4_000 } })
    for (let count = partitions[0]!.end; count < until; count++) {
      const value = payload(`${name}-${count}`, 300)
      await log.append(name, [{ key: null, value, headers: [], timestamp: 1_700_000_000_000 }])
    }
  }
  await log.close()
}

async function damage(kind: Kind, dir: string, stale: string, random: Random): Promise<string> {
  const entries = await readdir(join(dir, 'topics'), { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted()
  const segments = files.filter((name) => name.endsWith('.log'))
  const file = (kind === 'swap' || kind === 'stale' ? segments : files)[
    random.int(kind === 'swap' || kind === 'stale' ? segments.length : files.length)
  ]!
  const path = join(dir, file)
  const bytes = await readFile(path)
  const at = random.int(Math.max(1, bytes.length))
  if (kind === 'flip' && bytes.length > 0) bytes[at]! ^= 1 << random.int(8)
  if (kind === 'zero')
    bytes.fill(
      0,
      at - (at % PAGE_BYTES),
      Math.min(bytes.length, at - (at % PAGE_BYTES) + PAGE_BYTES),
    )
  if (kind === 'cut') await writeFile(path, bytes.subarray(0, at))
  else if (kind === 'stale')
    await writeFile(path, await readFile(join(stale, file)).catch(() => bytes))
  else if (kind === 'swap') {
    const other = join(dir, segments[random.int(segments.length)]!)
    await writeFile(path, await readFile(other))
    await writeFile(other, bytes)
  } else await writeFile(path, bytes)
  return file
}

/** How the damage was told. Throws the anomaly when something wrong was given out or something is missing untold. */
async function readBack(dir: string): Promise<string> {
  const log = await openLog({ dir })
  try {
    let answer = 'no effect'
    for (const topic of TOPICS) {
      const outcome = await readTopic(log, topic)
      if (outcome !== undefined) answer = outcome
    }
    return answer
  } finally {
    await log.close()
  }
}

async function readTopic(
  log: Awaited<ReturnType<typeof openLog>>,
  topic: string,
): Promise<string | undefined> {
  let answer: string | undefined
  for (let from = 0; from < RECORDS;) {
    try {
      for await (const { records } of log.read(topic, 0, from)) {
        for (const { offset, value } of records) {
          const id = idOf(value!, `${topic}/${offset}`)
          if (id !== `${topic}-${offset}`)
            throw new Anomaly('changed', `${topic}/${offset} holds ${id}`)
          if (offset !== from) throw new Anomaly('gap', `${topic}: ${offset} after ${from - 1}`)
          from = offset + 1
        }
      }
      if (from < RECORDS) throw new Anomaly('lost', `${topic} ends at ${from} of ${RECORDS}`)
    } catch (error) {
      if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
      answer = 'LOG_CORRUPT'
      from = Math.max(from + 1, Number(error.details['nextOffset'] ?? RECORDS))
    }
  }
  return answer
}
