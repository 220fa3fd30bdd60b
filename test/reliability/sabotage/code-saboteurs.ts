/**
 * Wrong versions of the product, each one piece of code that becomes another while it is loaded (register.mjs), with the soak
 * that must catch it. The piece must be there once, without types; for a soak that runs the build it must
 * look alike there. `saboteurs.test.ts` reads the sources against this list.
 */
export interface CodeSaboteur {
  readonly name: string
  /** Below `src/`, without its suffix. */
  readonly module: string
  readonly find: string
  readonly replace: string
  /** The test that must find it, with as many rounds as that takes. */
  readonly soak: string
  readonly rounds: number
}

export const CODE_SABOTEURS: readonly CodeSaboteur[] = [
  {
    name: 'acknowledge before the write',
    module: 'log/drivers/embedded/node-storage',
    find: 'fs.write(this.#fd, source, 0, source.length, position, done)',
    replace:
      '{ const copy = source.slice(); done(null, copy.length); setTimeout(() => fs.write(this.#fd, copy, 0, copy.length, position, () => {}), 150) }',
    soak: 'A1',
    rounds: 2,
  },
  {
    name: 'open by reading every segment',
    module: 'log/drivers/embedded/partition/recovery',
    find: 'segment.sizeBytes = await file.size()',
    replace:
      'segment.sizeBytes = await file.size(); await scanSegment(file, { start: 0, base, fileBytes: segment.sizeBytes }); await scanSegment(file, { start: 64, base, fileBytes: segment.sizeBytes })',
    soak: 'A11',
    rounds: 10,
  },
  {
    name: 'retention that takes nothing',
    module: 'log/drivers/embedded/cleaning/retention',
    find: 'await log.removeFirst(count)',
    replace: '',
    soak: 'A9',
    rounds: 90,
  },
  {
    name: 'dedupe only in memory',
    module: 'ingest/dedupe/id-store',
    find: 'await readIds(log, topic, index, maxIds)',
    replace: '',
    soak: 'A10',
    rounds: 2,
  },
  {
    name: 'two requests with one id at a time',
    module: 'ingest/dedupe/id-store',
    find: '.find((one) => one !== undefined)',
    replace: '.find(() => false)',
    soak: 'A10',
    rounds: 4,
  },
  {
    name: 'no sync of a file of the lake',
    module: 'lake/write-part',
    find: 'await syncFile(temp)',
    replace: '',
    soak: 'B2',
    rounds: 16,
  },
  {
    name: 'random file names',
    module: 'lake/layout',
    find: 'const offsets = [range.first, range.last].map(',
    replace: 'const offsets = [range.first, range.last + Math.floor(Math.random() * 9)].map(',
    soak: 'B2',
    rounds: 2,
  },
  {
    name: 'no digest of a file of the lake',
    module: 'lake/integrity',
    find: 'if ((await digestFile(path, pace)) === file.sha256) return undefined',
    replace: 'await digestFile(path, pace); return undefined',
    soak: 'A7',
    rounds: 8,
  },
  {
    name: 'a compaction that keeps what it merged',
    module: 'lake/compaction',
    find: 'if (replaced.has(name)) continue',
    replace: '',
    soak: 'B6',
    rounds: 1,
  },
  {
    name: 'a column that comes later is forgotten by the files before',
    module: 'lake/parquet-writer',
    find: 'union_by_name = true, hive_partitioning = false)`',
    replace: 'union_by_name = false, hive_partitioning = false)`',
    soak: 'B7',
    rounds: 2,
  },
  {
    name: 'believe the record, not the table',
    module: 'stream/sink-recovery',
    find: "batch.state === 'committed' && batch.number <= snapshot.lastBatch",
    replace: "batch.state === 'committed'",
    soak: 'B1',
    rounds: 1,
  },
  {
    name: 'a planned batch is forgotten',
    module: 'stream/sink-recovery',
    find: '.filter((batch) => !isInTable(batch))',
    replace: '.filter((batch) => batch.state === "committed" && !isInTable(batch))',
    soak: 'B2',
    rounds: 14,
  },
  {
    name: 'dead letters are not looked up',
    module: 'stream/dead-letters',
    find: 'return !known.has(place) && !inherited.has(place)',
    replace: 'return true',
    soak: 'B8',
    rounds: 8,
  },
  {
    name: 'letters of lost boundaries are not looked up',
    module: 'stream/table-sink',
    find: 'await deadLetters.inherit(recovery.lettersFrom)',
    replace: '',
    soak: 'B3',
    rounds: 12,
  },
  {
    name: 'drop the bytes of a dead letter',
    module: 'stream/dead-letters',
    find: 'value: record.value,',
    replace: 'value: null,',
    soak: 'B8',
    rounds: 1,
  },
  {
    name: 'a batch closes when the next event comes',
    module: 'stream/batch-cutter',
    find: "cancelEvery = clock.after(policy.everyMs, () => cut('time'))",
    replace: '{ if (clock.monotonic() > openedAt + policy.everyMs) cut("time") }',
    soak: 'B5',
    rounds: 2,
  },
  {
    name: 'a backup that takes the records first',
    module: 'app/backup/stage-folder',
    find: "await one('FORMAT')",
    replace:
      "const isUsers = (name) => !isInternalTopic(name) && !isDeadLetterTopic(name); await rank(isUsers); await new Promise((r) => setTimeout(r, 3000)); topics.splice(0, topics.length, ...topics.filter(({ name }) => !isUsers(name))); await one('FORMAT')",
    soak: 'B11',
    rounds: 3,
  },
  {
    name: 'a manifest that is lost is a table without files',
    module: 'lake/recovery',
    find: '...(await rebuildState(context)),',
    replace: '',
    soak: 'B3',
    rounds: 16,
  },
  {
    name: 'offsets behind the table are forgotten',
    module: 'stream/sink-recovery',
    find: '...snapshot.ends,',
    replace: '',
    soak: 'B3',
    rounds: 16,
  },
  {
    name: 'no record checksum',
    module: 'log/drivers/embedded/format/batch-header',
    find: 'crc32c(bytes, at + CRC_FROM, at + sizeBytes) === readInt32(bytes, at + 17) >>> 0',
    replace: 'true',
    soak: 'A7',
    rounds: 8,
  },
]
