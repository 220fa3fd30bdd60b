import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { createTempFiles } from '../temp-files.conformance.ts'
import { zipBytes } from '../zip-writer.conformance.ts'
import { openDataFile, type DataFile } from './data-file.ts'
import { openDataFolder } from './data-folder.ts'
import { openFileSource } from './open-source.ts'

const files = createTempFiles()
afterAll(() => files.remove())

async function textOf(file: DataFile): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of file.read()) parts.push(chunk)
  return Buffer.concat(parts).toString()
}

describe('data files', () => {
  it('are read plain and from gzip, whatever their name', async () => {
    const text = 'a,b\n'.repeat(200_000)
    for (const [name, bytes] of [
      ['x.csv', text],
      ['x.csv.gz', gzipSync(text)],
      ['y.csv', gzipSync(text)],
    ] as const) {
      const file = await openDataFile(await files.write(name, bytes))
      expect(await textOf(file)).toBe(text)
      expect(file.name).toMatch(/^[xy]\.csv$/)
    }
  })

  it('are regular files: folders, pipes and devices are refused at once', async () => {
    const folder = await files.folder()
    const pipe = join(folder, 'pipe.csv')
    execFileSync('mkfifo', [pipe])
    await expect(openDataFile(folder)).rejects.toThrow('is a folder: give a regular file')
    await expect(openDataFile(pipe)).rejects.toThrow('is a pipe: give a regular file')
    await expect(openDataFile('/dev/null')).rejects.toThrow('is a device')
    await expect(openDataFile(join(folder, 'none'))).rejects.toMatchObject({
      code: 'INGEST_UNKNOWN_SOURCE',
    })
  })

  it('that are cut or damaged gzip say so', async () => {
    const good = gzipSync('some text\n'.repeat(10_000))
    const file = await openDataFile(
      await files.write('cut.csv.gz', good.subarray(0, good.length / 2)),
    )
    await expect(textOf(file)).rejects.toMatchObject({ code: 'INGEST_SOURCE_FAILED' })
  })

  it('that change while they are read end the reading', async () => {
    const path = await files.write('grows.csv', 'a\n'.repeat(600_000))
    const reading = (await openDataFile(path)).read()[Symbol.asyncIterator]()
    await reading.next()
    await appendFile(path, 'more\n')
    await expect(reading.next()).rejects.toMatchObject({ code: 'INGEST_SOURCE_CHANGED' })
  })

  it('that stop being read are closed', async () => {
    const path = await files.write('many.csv.gz', gzipSync('line\n'.repeat(500_000)))
    const file = await openDataFile(path)
    for (let i = 0; i < 50; i++) {
      for await (const chunk of file.read()) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
    }
  })
})

describe('data folders', () => {
  it('find a file by name at the top, one folder down, and with .gz', async () => {
    const root = await files.folder()
    await mkdir(join(root, 'ml-small'))
    await writeFile(join(root, 'ml-small', 'ratings.csv'), 'inner')
    await writeFile(join(root, 'links.csv.gz'), gzipSync('links'))
    const folder = await openDataFolder(root)
    expect(await textOf((await folder.find('none.csv', 'ratings.csv'))!)).toBe('inner')
    expect((await folder.find('links.csv'))?.name).toBe('links.csv')
    expect(await folder.find('movies.csv', '../ratings.csv')).toBeUndefined()
  })

  it('do not follow a link that leads out', async () => {
    const secret = await files.write('secret.csv', 'secret')
    const root = await files.folder()
    await symlink(secret, join(root, 'ratings.csv'))
    await writeFile(join(root, 'real.csv'), 'real')
    await symlink(join(root, 'real.csv'), join(root, 'alias.csv'))
    const folder = await openDataFolder(root)
    await expect(folder.find('ratings.csv')).rejects.toThrow('a link out of its folder')
    expect(await textOf((await folder.find('alias.csv'))!)).toBe('real')
  })

  it('read members of a zip archive without unpacking it', async () => {
    const zip = zipBytes([
      { name: 'ml/', content: '' },
      { name: 'ml/ratings.csv', content: 'id\n1\n2\n' },
      { name: 'ml/deep/er.csv', content: 'no' },
    ])
    const folder = await openDataFolder(await files.write('ml.zip', zip))
    expect(await folder.list()).toEqual(['ratings.csv'])
    const source = await openFileSource((await folder.find('ratings.csv'))!)
    expect(source.total).toBe(2)
    const one = await files.write('one.zip', zipBytes([{ name: 'one.csv', content: 'id\n1\n' }]))
    expect((await openFileSource(one)).total).toBe(1)
  })

  it('refuse archives with members outside of them, and damaged ones', async () => {
    for (const name of ['../evil.csv', '/etc/evil.csv', 'a/../../evil.csv']) {
      const zip = await files.write('slip.zip', zipBytes([{ name, content: 'evil' }]))
      await expect(openDataFolder(zip), name).rejects.toMatchObject({
        code: 'INGEST_SOURCE_FAILED',
      })
    }
    const wrong = zipBytes([{ name: 'a.csv', content: 'id\n1\n', crc: 1 }])
    const folder = await openDataFolder(await files.write('crc.zip', wrong))
    await expect(textOf((await folder.find('a.csv'))!)).rejects.toThrow('damaged member')
    await expect(
      openDataFolder(await files.write('cut.zip', wrong.subarray(0, 60))),
    ).rejects.toMatchObject({ code: 'INGEST_SOURCE_FAILED' })
  })

  it('a file that is one endless line costs no memory', async () => {
    const path = await files.write('bomb.csv.gz', gzipSync(Buffer.alloc(100 * 1024 * 1024, ' ')))
    const before = process.memoryUsage().rss
    const source = await openFileSource(path, { lineBytes: 100_000, header: ['a'] })
    let rows = 0
    for await (const events of source.events(1)) rows += events.length
    expect(rows).toBe(1)
    expect(process.memoryUsage().rss - before).toBeLessThan(80 * 1024 * 1024)
  })
})
