/** What the tests of recovery share: a partition of three batches in one segment, and everything that is readable of one. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { isMillraceError, silentLogger, type NewRecord } from '../../../../core/index.ts'
import { nodeStorage } from '../node-storage.ts'
import type { Damage } from './corruption.ts'
import { PartitionLog } from './partition-log.ts'
import { PartitionReader } from './partition-reader.ts'
import type { CleanEnd } from './recovery.ts'

export const place = {
  logger: silentLogger,
  topic: 't',
  topicId: 'id-of-t',
  partition: 0,
  unnamedUpTo: -1,
}

export const open = (
  folder: string,
  cleanEnd?: CleanEnd,
  segmentBytes = 10_000,
): Promise<PartitionLog> =>
  PartitionLog.open({ ...place, storage: nodeStorage, folder, segmentBytes }, cleanEnd)

export async function close(log: PartitionLog): Promise<CleanEnd> {
  const end = await log.close(new Error('closed'))
  if (end === undefined) throw new TypeError('the end of the partition is not known')
  return end
}

export const record = (value: string): NewRecord => ({
  key: null,
  value: Uint8Array.from(Buffer.from(value)),
  headers: [{ key: 'h', value: null }],
  timestamp: 1_000,
})

/** Everything readable from the earliest offset on; where there is damage, an entry that says so, and on behind it. */
export async function contents(log: PartitionLog): Promise<string[]> {
  const reader = new PartitionReader(log)
  const seen: string[] = []
  for (let offset = log.earliest; offset < log.end;) {
    try {
      const { records, nextOffset } = await reader.read(offset, log.end, 1_000)
      for (const { offset, value } of records)
        seen.push(`${offset}:${Buffer.from(value!).toString()}`)
      offset = nextOffset
    } catch (error) {
      if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
      const damage = error.details as unknown as Damage
      expect(existsSync(damage.file)).toBe(true)
      seen.push(`damage ${damage.offset}-${damage.nextOffset} @${damage.position}`)
      offset = damage.nextOffset!
    }
  }
  return seen
}

/** Three batches of 2, 1 and 2 records in one segment; returns the file. */
export async function writeThree(folder: string): Promise<{ file: string; cleanEnd: CleanEnd }> {
  const log = await open(folder)
  await log.append([record('a0'), record('a1')])
  await log.append([record('b2')])
  await log.append([record('c3'), record('c4')])
  const cleanEnd = await close(log)
  const [name] = readdirSync(folder)
  return { file: join(folder, name!), cleanEnd }
}

export const ALL = ['0:a0', '1:a1', '2:b2', '3:c3', '4:c4']
