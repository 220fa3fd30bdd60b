/** Lists become rows, each once, over crashes too; what is ragged or no number is a dead letter. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { columnsOf, readDeadLetter, readEnvelope } from '../../core/index.ts'
import { openLog, type Log } from '../../log/index.ts'
import { createManualClock } from '../../testing/index.ts'
import { STEP_SEAMS, type DerivedStream, type StepSeam } from '../derived/derived-stream.ts'
import { eventually, rawEvent, readAll } from '../sink-world.conformance.ts'
import { openUnnest } from './open-unnest.ts'
import { unnestShape, type UnnestSpec } from './unnest-shape.ts'

const spec: UnnestSpec = {
  schema: z.object({
    rows: z
      .array(z.object({ x: z.array(z.number()).length(3), label: z.int().min(0).max(1) }))
      .length(2),
    score: z.number(),
  }),
  each: 'rows',
  take: ['score'],
}
const matrix = (score: number): string =>
  JSON.stringify({
    rows: [
      { x: [1, 2.5, -3], label: 1 },
      { x: [4, 5, 6], label: 0 },
    ],
    score,
  })

let dir: string
let log: Log
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-unnest-'))
})
afterEach(async () => {
  await log.close()
  await rm(dir, { recursive: true, force: true })
})

async function open(seam?: (name: StepSeam) => void | Promise<void>): Promise<DerivedStream> {
  const clock = createManualClock()
  log = await openLog({ dir, clock })
  await log.createTopic({ name: 'matrices' })
  await log.createTopic({ name: 'rows' })
  const stream = { log, name: 'rows', from: 'matrices', to: 'rows', spec, clock }
  return openUnnest({ ...stream, ...(seam && { seam }) })
}

const send = (...texts: readonly string[]): Promise<unknown> =>
  log.append(
    'matrices',
    texts.map((text) => rawEvent(text)),
  )

const rows = async (): Promise<{ id: string | undefined; row: unknown }[]> =>
  (await readAll(log, 'rows')).map(({ value, headers }) => ({
    id: readEnvelope(headers).id,
    row: JSON.parse(Buffer.from(value ?? []).toString()) as unknown,
  }))

describe('unnest', () => {
  it('S3.7: one message becomes one typed row for each of its list', async () => {
    const stream = await open()
    await send(matrix(0.9))
    await stream.settle()
    expect(await rows()).toEqual([
      { id: 'rows/0/0/0', row: { row: 0, x_1: 1, x_2: 2.5, x_3: -3, label: 1, score: 0.9 } },
      { id: 'rows/0/0/1', row: { row: 1, x_1: 4, x_2: 5, x_3: 6, label: 0, score: 0.9 } },
    ])
    await stream.close()
    expect(columnsOf(unnestShape(spec).schema).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'row integer',
      'x_1 double',
      'x_2 double',
      'x_3 double',
      'label integer',
      'score double',
    ])
  })

  it('S3.7: ragged lists, NaN and missing labels are dead letters that say where', async () => {
    const stream = await open()
    await send(
      '{"rows":[{"x":[1,2],"label":1},{"x":[4,5,6],"label":0}],"score":1}',
      '{"rows":[{"x":[1,2,NaN],"label":1},{"x":[4,5,6],"label":0}],"score":1}',
      '{"rows":[{"x":[1,2,"3"],"label":1},{"x":[4,5,6]}],"score":1}',
      matrix(0.5),
    )
    await stream.settle()
    expect(await rows()).toHaveLength(2)
    const letters = await readAll(log, 'matrices.dead-letters')
    expect(
      letters.map(({ headers }) => {
        const { stage, offset, reason } = readDeadLetter(headers) ?? {}
        return { stage, offset, reason }
      }),
    ).toEqual([
      { stage: 'stream', offset: 0, reason: expect.stringContaining('/rows/0/x') as string },
      { stage: 'stream', offset: 1, reason: expect.stringContaining('NaN') as string },
      {
        stage: 'stream',
        offset: 2,
        reason: expect.stringMatching(/\/rows\/0\/x\/2.*\/rows\/1\/label/) as string,
      },
    ])
    expect((await stream.progress()).dropped.invalid).toBe(3)
    await stream.close()
  })

  for (const seam of STEP_SEAMS) {
    it(`X1: a crash at "${seam}" leaves every row and every letter once`, async () => {
      let isReached = false
      await open((name) => {
        if (name !== seam) return undefined
        isReached = true
        return new Promise<void>(() => {})
      })
      await send(matrix(1), 'no', matrix(2))
      await eventually(() => isReached)
      await log.close()
      const stream = await open()
      await send(matrix(3))
      await stream.settle()
      expect((await rows()).map(({ id }) => id)).toEqual(
        [0, 2, 3].flatMap((offset) => [0, 1].map((row) => `rows/0/${offset}/${row}`)),
      )
      expect(await readAll(log, 'matrices.dead-letters')).toHaveLength(1)
      await stream.close()
    })
  }
})
