import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFolder, type FolderLock } from './folder-lock.ts'
import { nodeStorage } from '../node-storage.ts'
import { systemProcesses, type ProcessTable } from './process-table.ts'
import type { Storage } from '../storage.ts'

let folder: string
let tokens = 0
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A machine: who runs on it, since when. */
const machine = { bootId: 'boot-1', running: new Map<number, string>() }
beforeEach(() => {
  machine.bootId = 'boot-1'
  machine.running = new Map([
    [10, 'a'],
    [11, 'b'],
    [12, 'c'],
  ])
})

const seenBy = (pid: number): ProcessTable => ({
  pid,
  bootId: async () => machine.bootId,
  startOf: async (other) => machine.running.get(other),
})

const lock = (pid: number, storage: Storage = nodeStorage): Promise<FolderLock> =>
  lockFolder(storage, seenBy(pid), folder, `token-${tokens++}`)

const lockFiles = (): string[] => readdirSync(folder).toSorted()

test('the second process is told who has the folder and what to do', async () => {
  await lock(10)
  await expect(lock(11)).rejects.toMatchObject({
    code: 'LOG_IN_USE',
    message: expect.stringMatching(
      new RegExp(
        `${folder} is in use by another process \\(pid 10\\): stop it, .*or choose another data folder`,
      ),
    ),
    details: { folder, pid: 10 },
  })
  expect(lockFiles()).toEqual(['lock.1'])
})

test('a folder that was given back is free, also for the process that had it', async () => {
  for (const pid of [10, 10, 11]) await (await lock(pid)).release()
  const last = await lock(12)
  expect(lockFiles()).toEqual(['lock.4'])
  await last.release()
  await last.release()
})

test('a killed owner is no owner, also when its process id is given out again', async () => {
  await lock(10)
  machine.running.delete(10)
  await lock(11)
  machine.running.set(11, 'another start')
  await lock(12)
  expect(lockFiles()).toEqual(['lock.3'])
})

test('after a restart of the machine nobody has it, whatever the process ids', async () => {
  await lock(10)
  machine.bootId = 'boot-2'
  await lock(11)
})

test('a lock without content, as a power cut leaves it, has no owner', async () => {
  await lock(10)
  writeFileSync(join(folder, 'lock.1'), '')
  machine.bootId = 'boot-2'
  await lock(11)
  expect(JSON.parse(readFileSync(join(folder, 'lock.2'), 'utf8'))).toMatchObject({ pid: 11 })
})

test('of many that start at once over a dead owner exactly one gets it', async () => {
  for (let round = 0; round < 20; round++) {
    machine.running.set(9, 'dead soon')
    const before = await lock(9)
    if (round % 2 === 0) await before.release()
    machine.running.delete(9)
    const results = await Promise.allSettled([10, 11, 12, 10, 11, 12].map((pid) => lock(pid)))
    const won = results.filter((result) => result.status === 'fulfilled')
    expect(won).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'LOG_IN_USE' })
    }
    await won[0]!.value.release()
  }
})

test('a starter that saw an old list of files gives way to the owner it did not see', async () => {
  const first = await lock(10)
  await first.release()
  // Lists while 11 takes number 2 and removes number 1, and sees neither of them.
  let lists = 0
  const blind: Storage = {
    ...nodeStorage,
    async list(path) {
      lists++
      if (lists > 1) return nodeStorage.list(path)
      await lock(11)
      return []
    },
  }
  await expect(lock(12, blind)).rejects.toMatchObject({
    code: 'LOG_IN_USE',
    details: { pid: 11 },
  })
  expect(lockFiles()).toEqual(['lock.2'])
})

test('this machine knows its own processes', async () => {
  const processes = systemProcesses(nodeStorage)
  expect(await processes.bootId()).toMatch(/.{8}/)
  expect(await processes.startOf(process.pid)).toMatch(/\d/)
  expect(await processes.startOf(process.pid)).toBe(await processes.startOf(process.pid))
  // Above the largest process id of Linux (2^22) and macOS.
  expect(await processes.startOf(2 ** 30)).toBeUndefined()
})
