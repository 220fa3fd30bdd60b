import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openSqlEngine } from '../../../sql/index.ts'
import { createTempFiles } from '../../temp-files.conformance.ts'
import { openFileSource } from '../open-source.ts'
import { knownColumns, sourceConformance, type KnownRow } from '../source.conformance.ts'

const files = createTempFiles()
afterAll(() => files.remove())

/** Through JSON Lines and the engine, so that the types are Parquet's own. */
async function writeParquet(name: string, rows: readonly KnownRow[]): Promise<string> {
  const lines = await files.write(
    'rows.jsonl',
    rows.map((row) => `${JSON.stringify(row)}\n`).join('') || '{"id":0,"name":"","score":0}\n',
  )
  const path = join(dirname(lines), `${name}.parquet`)
  const engine = await openSqlEngine()
  await engine.run(
    `COPY (SELECT * FROM read_json('${lines}', format = 'newline_delimited', columns = {id: 'BIGINT', name: 'VARCHAR', score: 'DOUBLE'}) ${rows.length === 0 ? 'WHERE false' : ''}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  )
  await engine.close()
  return path
}

describe('parquet source conformance', () => {
  const checks = sourceConformance({
    holds: { lineBreaks: true, delimiters: true },
    open: async (name, rows) =>
      openFileSource(await writeParquet(name, rows), { columns: knownColumns }),
  })
  for (const check of checks) it(`${check.guarantee}: ${check.name}`, check.run)
})

describe('parquet source', () => {
  it('names the column that is not there', async () => {
    const path = await writeParquet('some', [{ id: 1, name: 'a' }])
    const columns = [...knownColumns, { name: 'age', type: 'integer', nullable: false } as const]
    await expect(openFileSource(path, { columns })).rejects.toThrow('no column "age"')
  })

  it('refuses a file that is no Parquet', async () => {
    const path = await files.write('bad.parquet', 'PAR1 but no more')
    await expect(openFileSource(path, { columns: knownColumns })).rejects.toThrow(
      'no readable Parquet',
    )
  })

  it('takes 64-bit numbers as text where the column is int64, and times as ISO 8601', async () => {
    const path = join(await files.folder(), 'wide.parquet')
    const engine = await openSqlEngine()
    await engine.run(
      `COPY (SELECT 9007199254740993::BIGINT AS big, timestamp '2020-01-02 03:04:05' AS at) TO '${path}' (FORMAT parquet)`,
    )
    await engine.close()
    const source = await openFileSource(path, {
      columns: [
        { name: 'big', type: 'int64', nullable: false },
        { name: 'at', type: 'timestamp', nullable: false },
      ],
    })
    for await (const [event] of source.events(1)) {
      expect(Buffer.from(event!.bytes).toString()).toBe(
        '{"big":"9007199254740993","at":"2020-01-02T03:04:05.000Z"}',
      )
    }
  })
})
