import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compiledEntry } from '../../../core/index.ts'
import { readAll, text } from '../../log-world.conformance.ts'
import { openLog } from '../../open-log.ts'

const ROUNDS = 6
/** Acknowledged records before the kill, different in each round. */
const UNTIL = (round: number): number => 200 + round * 170

let root: string
const children: ChildProcess[] = []
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'millrace-kill-'))))
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

/** Runs the writer until `until` records are acknowledged, kills it, and adds what it was told to the journal. */
async function runAndKill(
  dir: string,
  seed: number,
  until: number,
  journal: Map<string, string>,
): Promise<void> {
  const entry = compiledEntry(import.meta.url, 'kill-writer-child.js')
  const child = spawn(process.execPath, [entry, dir, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const ended = once(child, 'exit')
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'open') continue
    const [partition, offset, value, end] = line.split(' ')
    // The kill may have cut the last line.
    if (end !== '.') continue
    journal.set(`${partition}/${offset}`, value!)
    if (++count === until) child.kill('SIGKILL')
  }
  const [code, signal] = (await ended) as [number | null, string | null]
  expect([code, signal], 'the writer ended by itself').toEqual([null, 'SIGKILL'])
}

test('what was acknowledged before kill -9 is there, at its offset, byte for byte', async () => {
  const dir = join(root, 'log')
  const journal = new Map<string, string>()
  const ends = [0, 0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    await runAndKill(dir, 1_000 + round, UNTIL(round), journal)
    const log = await openLog({ dir })
    const stored = new Map<string, string>()
    for (const partition of [0, 1, 2]) {
      const records = await readAll(log, 't', partition)
      for (const { offset, value } of records) stored.set(`${partition}/${offset}`, text(value)!)
      expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
      expect(records.length).toBeGreaterThanOrEqual(ends[partition]!)
      ends[partition] = records.length
    }
    const lost = [...journal].filter(([place, value]) => stored.get(place) !== value)
    expect(lost, `round ${round}`).toEqual([])
    const ids = [...stored.values()].map((value) => value.split('-x')[0])
    expect(new Set(ids).size, 'a record is there twice').toBe(stored.size)
    await log.close()
  }
  expect(journal.size).toBeGreaterThan(ROUNDS * 200)
})

test('while a process has the folder, another one is refused by its number', async () => {
  const dir = join(root, 'log')
  const entry = compiledEntry(import.meta.url, 'kill-writer-child.js')
  const child = spawn(process.execPath, [entry, dir, '7'], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  child.stdout.resume()
  await expect(openLog({ dir })).rejects.toMatchObject({
    code: 'LOG_IN_USE',
    message: expect.stringContaining(`pid ${child.pid}`),
  })
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  const log = await openLog({ dir })
  await log.close()
})
