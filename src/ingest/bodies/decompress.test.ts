import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { body } from '../ingest-world.conformance.ts'
import { decompressBody } from './decompress.ts'

const MIB = 1024 * 1024
const limits = { maxBytes: 8 * MIB, limit: 'streamBodyBytes' }

async function inflate(bytes: Uint8Array, coding?: string, size = 10_000) {
  const parts: Uint8Array[] = []
  let most = 0
  let given = 0
  for await (const chunk of decompressBody(body(bytes, size), coding, limits)) {
    parts.push(chunk)
    given += chunk.length
    most = Math.max(most, given)
  }
  return { text: Buffer.concat(parts).toString(), most }
}

describe('decompressBody', () => {
  it('takes off gzip, deflate and br, and passes plain bodies', async () => {
    const text = 'a line of text\n'.repeat(5_000)
    expect((await inflate(gzipSync(text), 'gzip')).text).toBe(text)
    expect((await inflate(gzipSync(text), ' GZip ')).text).toBe(text)
    expect((await inflate(deflateSync(text), 'deflate')).text).toBe(text)
    expect((await inflate(brotliCompressSync(text), 'br')).text).toBe(text)
    expect((await inflate(Buffer.from(text))).text).toBe(text)
    expect((await inflate(Buffer.from(text), 'identity')).text).toBe(text)
  })

  it('reads many members as one', async () => {
    const members = Array.from({ length: 2_000 }, (_, i) => gzipSync(`${i}\n`))
    expect((await inflate(Buffer.concat(members), 'gzip')).text.split('\n')).toHaveLength(2_001)
  })

  it('refuses other codings, and more than one', () => {
    for (const coding of ['zstd', 'compress', 'gzip, gzip', 'constructor', '__proto__']) {
      expect(() => decompressBody(body(''), coding, limits)).toThrow(
        expect.objectContaining({ code: 'INGEST_UNSUPPORTED_ENCODING' }),
      )
    }
  })

  it('ends a bomb at its ratio, and anything at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB, ' '))
    expect(bomb.length).toBeLessThan(100_000)
    const sizeOf = async (bytes: Uint8Array): Promise<number> =>
      (await inflate(bytes, 'gzip', MIB)).text.length
    await expect(sizeOf(bomb)).rejects.toMatchObject({ code: 'INGEST_BODY_TOO_LARGE' })
    const noise = Buffer.alloc(9 * MIB)
    for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE((i * 2_654_435_761) >>> 0, i)
    await expect(sizeOf(gzipSync(noise))).rejects.toMatchObject({
      code: 'INGEST_BODY_TOO_LARGE',
    })
  })

  it('says that data is cut, damaged, mislabelled or followed by rubbish', async () => {
    const good = gzipSync('some text\n'.repeat(1_000))
    const flipped = Buffer.from(good)
    flipped[good.length - 6]! ^= 0xff
    const bad: [Uint8Array, string][] = [
      [good.subarray(0, good.length - 4), 'gzip'],
      [good.subarray(0, 5), 'gzip'],
      [flipped, 'gzip'],
      [Buffer.from('plain text'), 'gzip'],
      [good, 'br'],
      [Buffer.concat([good, Buffer.from('rubbish behind it')]), 'gzip'],
    ]
    for (const [bytes, coding] of bad) {
      await expect(inflate(bytes, coding), `${bytes.length} ${coding}`).rejects.toMatchObject({
        code: 'INGEST_INVALID_BODY',
      })
    }
  })
})
