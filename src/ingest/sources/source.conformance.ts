/** The suite of every file format: F1 to F7 of `source.ts`. Free of any test runner. */
import assert from 'node:assert/strict'
import type { Column, ConformanceCheck } from '../../core/index.ts'
import type { SourceEvent } from '../ingest.ts'
import type { FileSource } from './source.ts'

/** A row whose content is known; `score` is absent when undefined. */
export interface KnownRow {
  readonly id: number
  readonly name: string
  readonly score?: number
}

export interface SourceHarness {
  /** Writes the rows in the variant's format to a new file of this name and opens it with `knownColumns`. */
  open(name: string, rows: readonly KnownRow[]): Promise<FileSource>
  /** Opens a file with a bad row between two good ones; absent when the format has no bad rows. */
  openWithBadRow?(): Promise<{ source: FileSource; badRow: string }>
  /** What a text of the format may hold. */
  readonly holds: { readonly lineBreaks: boolean; readonly delimiters: boolean }
}

export const knownColumns: readonly Column[] = [
  { name: 'id', type: 'integer', nullable: false },
  { name: 'name', type: 'text', nullable: false },
  { name: 'score', type: 'double', nullable: true },
]

const COUNT = 1_300
const manyRows: readonly KnownRow[] = Array.from({ length: COUNT }, (_, i) => ({
  id: i * 3,
  name: `name ${i}`,
  ...(i % 4 === 0 ? {} : { score: i / 8 }),
}))

export function sourceConformance(harness: SourceHarness): ConformanceCheck[] {
  return [...orderChecks(harness), ...contentChecks(harness)]
}

const orderChecks = (harness: SourceHarness): ConformanceCheck[] => [
  {
    guarantee: 'F1',
    name: 'every row comes once, in order, with positions from 1',
    async run() {
      const source = await harness.open('many', manyRows)
      const events = await readAll(source)
      assert.equal(source.total, COUNT)
      assert.deepEqual(
        events.map(({ position }) => position),
        manyRows.map((_, i) => i + 1),
      )
      assert.deepEqual(events.map(parse), manyRows)
    },
  },
  {
    guarantee: 'F1',
    name: 'a file without rows gives none',
    async run() {
      const source = await harness.open('none', [])
      assert.deepEqual(await readAll(source), [])
      assert.equal(source.total, 0)
    },
  },
  {
    guarantee: 'F2',
    name: 'reading goes on at any position',
    async run() {
      const source = await harness.open('many', manyRows)
      const all = await readAll(source)
      for (const from of [1, 2, 1_001, COUNT, COUNT + 1]) {
        assert.deepEqual(await readAll(source, from), all.slice(from - 1), `from ${from}`)
      }
    },
  },
  {
    guarantee: 'F3',
    name: 'the same content has one id and fingerprint, other content another fingerprint',
    async run() {
      const first = await harness.open('rows', manyRows)
      const again = await harness.open('rows', manyRows)
      const other = await harness.open('rows', manyRows.with(1_234, { id: 1, name: 'changed' }))
      assert.equal(again.id, first.id)
      assert.equal(again.fingerprint, first.fingerprint)
      assert.equal(other.id, first.id)
      assert.notEqual(other.fingerprint, first.fingerprint)
      assert.deepEqual(await readAll(again), await readAll(again))
    },
  },
  {
    guarantee: 'F7',
    name: 'an aborted reading ends with the reason',
    async run() {
      const source = await harness.open('many', manyRows)
      const stop = new AbortController()
      stop.abort(new Error('enough'))
      await assert.rejects(readAll(source, 1, stop.signal), /enough|abort/i)
    },
  },
]

const contentChecks = (harness: SourceHarness): ConformanceCheck[] => [
  {
    guarantee: 'F4',
    name: 'cells become JSON by the types of the columns, empty ones are absent',
    async run() {
      const rows: KnownRow[] = [
        { id: 9_007_199_254_740_991, name: '007', score: 4 },
        { id: -1, name: '1e5', score: -0.125 },
        { id: 0, name: 'true' },
      ]
      assert.deepEqual((await readAll(await harness.open('typed', rows))).map(parse), rows)
    },
  },
  {
    guarantee: 'F5',
    name: 'text comes back as it is',
    async run() {
      const texts = ['Björk', '漢字 🎬', 'say "hi"', '"', "d'Artagnan", 'a\\b', ' spaced ']
      if (harness.holds.delimiters) texts.push('The Good, the Bad', 'a::b', 'tab\there')
      if (harness.holds.lineBreaks) texts.push('two\nlines', 'two\r\nlines', '"\n"')
      const rows = texts.map((name, id) => ({ id, name }))
      assert.deepEqual((await readAll(await harness.open('texts', rows))).map(parse), rows)
    },
  },
  {
    guarantee: 'F6',
    name: 'a bad row is a problem with its bytes, and the next row comes',
    async run() {
      const opened = await harness.openWithBadRow?.()
      if (!opened) return
      const events = await readAll(opened.source)
      assert.deepEqual(
        events.map(({ position, problem }) => [position, problem !== undefined]),
        [
          [1, false],
          [2, true],
          [3, false],
        ],
      )
      const bad = events[1]
      assert.equal(Buffer.from(bad?.original ?? []).toString(), opened.badRow)
      assert.ok((bad?.problem?.issues.length ?? 0) > 0)
    },
  },
]

async function readAll(
  source: FileSource,
  from = 1,
  signal?: AbortSignal,
): Promise<readonly SourceEvent[]> {
  const all: SourceEvent[] = []
  for await (const events of source.events(from, signal)) {
    assert.ok(events.length > 0, 'a chunk has at least one event')
    // Copies: a source may reuse what its bytes lie in.
    for (const event of events) all.push({ ...event, bytes: Buffer.from(event.bytes) })
  }
  return all
}

const parse = ({ bytes, problem }: SourceEvent): unknown =>
  problem ?? JSON.parse(Buffer.from(bytes).toString())
