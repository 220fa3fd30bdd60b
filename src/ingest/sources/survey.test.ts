import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { splitRecords, type RawRecord } from '../rows/record-splitter.ts'
import { openDataFile, type DataFile } from './data-file.ts'
import { surveyFile } from './survey.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-survey-'))
})
afterAll(() => rm(dir, { recursive: true }))

const PIECES = ['\n', '\r\n', '\r', '\n\n', 'a', '{"a":1}', 'é', '\r\r\n', 'x'.repeat(30)]
/** Bytes of a line at most; some of the lines are longer. */
const MAX_BYTES = 50

/** The file in chunks of any length, down to a byte. */
const inChunks = (file: DataFile, next: (below: number) => number): DataFile => ({
  ...file,
  async *read(signal) {
    for await (const part of file.read(signal)) {
      for (let at = 0; at < part.length;) {
        const length = 1 + next(9)
        yield part.subarray(at, at + length)
        at += length
      }
    }
  },
})

it('counts the lines of a file that its reader will give, and knows the first one', async () => {
  const random = createRandom(5)
  const path = join(dir, 'lines.ndjson')
  for (let round = 0; round < 150; round++) {
    const pieces = Array.from({ length: random.int(14) }, () => PIECES[random.int(PIECES.length)])
    await writeFile(path, pieces.join(''))
    const file = inChunks(await openDataFile(path), (below) => random.int(below))
    const records: RawRecord[] = []
    for await (const some of splitRecords(file.read(), { maxBytes: MAX_BYTES }))
      records.push(...some)
    const survey = await surveyFile(file, { maxBytes: MAX_BYTES })
    expect(survey.records, JSON.stringify(pieces)).toBe(records.length)
    // How much is kept of a line that is too long depends on the chunks.
    const [first, wanted] = [survey.first, records[0]].map((one) =>
      one?.bytes.toString('latin1').slice(0, MAX_BYTES),
    )
    expect(first).toBe(wanted)
  }
})
