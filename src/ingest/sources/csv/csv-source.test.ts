import { afterAll, describe, expect, it } from 'vitest'
import { createTempFiles } from '../../temp-files.conformance.ts'
import { openFileSource } from '../open-source.ts'
import { knownColumns, sourceConformance, type KnownRow } from '../source.conformance.ts'

const files = createTempFiles()
afterAll(() => files.remove())
const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
const line = ({ id, name, score }: KnownRow): string => `${id},${quote(name)},${score ?? ''}`
const open = async (name: string, text: string) =>
  openFileSource(await files.write(`${name}.csv`, text), { columns: knownColumns })

async function read(text: string | Buffer, options: Parameters<typeof openFileSource>[1] = {}) {
  const path = await files.write('some.csv', text)
  const source = await openFileSource(path, { columns: knownColumns, ...options })
  const rows: unknown[] = []
  for await (const events of source.events(1)) {
    for (const { bytes, problem } of events) {
      rows.push(problem?.issues ?? JSON.parse(Buffer.from(bytes).toString()))
    }
  }
  return { source, rows }
}

describe('csv source conformance', () => {
  const checks = sourceConformance({
    holds: { lineBreaks: true, delimiters: true },
    open: (name, rows) => open(name, ['id,name,score', ...rows.map(line)].join('\r\n') + '\r\n'),
    openWithBadRow: async () => ({
      badRow: '2,"never closed,1',
      source: await open('bad', 'id,name,score\n1,a,\n2,"never closed,1\n3,c,3\n'),
    }),
  })
  for (const check of checks) it(`${check.guarantee}: ${check.name}`, check.run)
})

describe('csv source', () => {
  it('takes a byte order mark, mixed line ends, empty lines and a last line without end', async () => {
    const { rows } = await read('\uFEFFid,name,score\r\n1,a,1.5\n\n2,b,\r\n3,c,3')
    expect(rows).toEqual([
      { id: 1, name: 'a', score: 1.5 },
      { id: 2, name: 'b' },
      { id: 3, name: 'c', score: 3 },
    ])
  })

  it('keeps the spelling of numbers, and refuses what is no number of the column’s type', async () => {
    const path = await files.write(
      'n.csv',
      'id,name,score\n4,a,4.0\n4.5,b,1\n4.0,c,\n 4,d,\n5,e,NaN\n6,f,0x10\n7,g,1e400\n9007199254740993,h,1\n,i,1\n',
    )
    const source = await openFileSource(path, { columns: knownColumns })
    const events = []
    for await (const some of source.events(1)) events.push(...some)
    expect(Buffer.from(events[0]!.bytes).toString()).toBe('{"id":4,"name":"a","score":4.0}')
    expect(events.map(({ problem }) => problem?.issues[0]?.path)).toEqual([
      undefined,
      '/id',
      '/id',
      '/id',
      '/score',
      '/score',
      '/score',
      '/id',
      '/id',
    ])
    expect(JSON.stringify(events[7]!.problem)).not.toContain('9007199254740993')
  })

  it('trap 17: an empty column that nobody needs drops no row, and its name is told', async () => {
    const { source, rows } = await read('id,remark,name,score\n1,,a,1\n2,x,b,2\n')
    expect(rows).toHaveLength(2)
    expect(source.warnings.join()).toContain('remark')
  })

  it('reads a file without header by names or by the columns in order, and never takes a row for a header', async () => {
    const rows = [{ id: 1, name: 'a', score: 2 }]
    expect((await read('1,a,2\n')).rows).toEqual(rows)
    expect((await read('1,a,2\n', { header: false })).rows).toEqual(rows)
    expect((await read('a,2,1\n', { header: ['name', 'score', 'id'] })).rows).toEqual(rows)
  })

  it('names the column that a header lacks', async () => {
    await expect(read('id,title\n1,a\n')).rejects.toThrow(/no column "name".*id, title/)
    await expect(read('id,name,id\n1,a,1\n')).rejects.toThrow('repeated name')
    await expect(read('1,2\n')).rejects.toThrow('no header line')
  })

  it('uses another delimiter, and ISO-8859-1 when the file is no UTF-8', async () => {
    const { source, rows } = await read(
      Buffer.from('id|name|score\n1|"Bj\u00f6|rk"|\n', 'latin1'),
      {
        delimiter: '|',
      },
    )
    expect(source.encoding).toBe('iso-8859-1')
    expect(rows).toEqual([{ id: 1, name: 'Bj\u00f6|rk' }])
    const forced = await read(Buffer.from('id,name,score\n1,Bj\u00f6rk,\n', 'latin1'), {
      encoding: 'utf-8',
    })
    expect(JSON.stringify(forced.rows)).toContain('not UTF-8')
  })

  it('a line of any length and a quote that never closes cost one row each', async () => {
    const long = 'x'.repeat(300_000)
    const { rows } = await read(
      `id,name,score\n1,${long},\n2,b,\n3,"open,\n4,d,\n5,"e"x,\n6,f,\n`,
      {
        lineBytes: 10_000,
      },
    )
    expect(rows.map((row) => (Array.isArray(row) ? 'bad' : (row as { id: number }).id))).toEqual([
      'bad',
      2,
      'bad',
      4,
      'bad',
      6,
    ])
  })
})
