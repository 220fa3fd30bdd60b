/** `millrace doctor` on a data folder that nobody has open. */
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger, systemClock } from '../../src/core/index.ts'
import { openLake } from '../../src/lake/index.ts'
import { partitionedSpec, tenRows } from '../../src/lake/lake-world.conformance.ts'
import { openLog } from '../../src/log/index.ts'
import { root } from '../house/sources.ts'

test('P6: doctor names damaged files, says what to do, and ends with 1', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-doctor-'))
  const lake = await openLake({
    dir: join(dir, 'lake'),
    clock: systemClock,
    logger: silentLogger,
  })
  const table = await lake.openTable(partitionedSpec)
  await table.commit(tenRows(1, table))
  const snapshot = table.snapshot()
  const file = snapshot.files[1]!
  await lake.close()
  const log = await openLog({ dir: join(dir, 'log'), cleanIntervalMs: 0 })
  await log.createTopic({ name: 'events' })
  const value = Buffer.from('as it was sent')
  for (const timestamp of [1, 2]) {
    await log.append('events', [{ key: null, value, headers: [], timestamp }])
  }
  await log.close()
  const doctor = () =>
    spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), 'doctor', '--data-dir', dir], {
      cwd: dir,
      encoding: 'utf8',
    })
  expect(doctor().stdout).toMatch(/^ok {2}stored files: lake and log: every checksum is right$/m)
  const bytes = await readFile(snapshot.path(file))
  bytes[100]! ^= 1
  await chmod(snapshot.path(file), 0o644)
  await writeFile(snapshot.path(file), bytes)
  const { status, stdout } = doctor()
  expect(stdout).toContain(`NOT lake events: ${file.name}: its bytes do not match the digest`)
  expect(stdout).toContain('it is written anew from the log')
  expect(status).toBe(1)
  const segment = join(dir, 'log/topics/events/0/00000000000000000000.log')
  const stored = await readFile(segment)
  stored[stored.indexOf('as it was')]! ^= 1
  await writeFile(segment, stored)
  expect(doctor().stdout).toMatch(/^NOT log events: .*00000000000000000000\.log/m)
  await rm(dir, { recursive: true })
})
