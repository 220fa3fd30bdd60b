import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { columnsOf, defaultLimits, type EventSchema } from '../../core/index.ts'
import { createRandom } from '../../kernels/index.ts'
import type { TopicContract } from '../ingest.ts'
import { createCloseCheck, createEventCheck } from './event-check.ts'
import { createQuickCheck } from './quick-check.ts'

const contractOf = (schema: EventSchema, more: Partial<TopicContract> = {}): TopicContract => ({
  topic: 't',
  schema,
  columns: columnsOf(schema),
  ...more,
})

const listening = contractOf(
  z.object({
    ts: z.int().min(0),
    userId: z.union([z.string(), z.int()]),
    page: z.enum(['Home', 'NextSong', 'é']),
    rating: z.number().min(0.5).max(5).optional(),
    length: z.number().nullish(),
    song: z.string().nullish(),
    name: z.string().min(2).max(5).optional(),
    at: z.iso.datetime().nullable().optional(),
    isNew: z.boolean().default(false),
    big: z.int64().optional(),
    step: z.number().multipleOf(2).optional(),
    extra: z.unknown().optional(),
  }),
  { key: 'userId', eventTime: 'ts', id: 'song' },
)

const VALUES = [
  '1', '0', '-0', '-1', '1.0', '1.5', '0.5', '5', '5.0', '5.1', '007', '1.', '.5', '+1', '1e3', '1E400', '123456789012345',
  '1234567890123456', '9007199254740993', `0.${'0'.repeat(310)}1`, '1538353732000', '-', 'true', 'false', 'null', 'nul', 'True',
  '""', '"Home"', '"NextSong"', '"é"', '"a\\"b"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\u00g0"', '"\\x"', '"\\u0000"',
  '"12"', '"2018-10-01T00:00:00Z"', '"2018-13-01T00:00:00Z"', '"9007199254740993"', '"ab"', '"abcdef"', `"${'x'.repeat(300)}"`,
  '"a\tb"', '"open', '{}', '[]', '{"a":1}', '[1,2]', '', 'NaN', '"\u{1f600}"',
] // prettier-ignore
const NAMES = [
  ...Object.keys(listening.schema?.shape ?? {}),
  'page', 'ts', 'userId', 'unknown', '__proto__', 'constructor', 'p\\u0061ge', 'é', '',
] // prettier-ignore

const textOf = (verdict: unknown): string =>
  JSON.stringify(verdict, (_name, value: unknown) =>
    value instanceof Uint8Array ? `bytes:${Buffer.from(value).toString('hex')}` : value,
  )

describe('the short way through the check of an event', () => {
  it('says of each event what the whole check says, over made and broken bytes', () => {
    const random = createRandom(7)
    const pick = <T>(of: readonly T[]): T => of[random.int(of.length)]!
    const close = createCloseCheck(listening, defaultLimits)
    const both = createEventCheck(listening, defaultLimits)
    const quick = createQuickCheck(listening, defaultLimits)
    let known = 0
    const differences: string[] = []
    for (let round = 0; round < 30_000; round++) {
      const bytes = Buffer.from(anEvent(pick, (below) => random.int(below)))
      // One byte in some events is another one, so that also the grammar is broken, and the UTF-8.
      if (random.int(3) === 0 && bytes.length > 0) bytes[random.int(bytes.length)] = random.int(256)
      const said = textOf(both(bytes))
      const wanted = textOf(close(bytes))
      if (said !== wanted) differences.push(`${bytes.toString('latin1')}: ${said}, not ${wanted}`)
      if (quick?.(bytes)) known++
    }
    expect(differences).toEqual([])
    expect(known).toBeGreaterThan(3_000)
  })

  it('knows events in any order of their fields, with and without those that may be missing', () => {
    const quick = createQuickCheck(listening, defaultLimits)
    const full = { ts: 1538353732000, userId: 'u1', page: 'Home', length: 1.5, song: 's', extra: 1 }
    const fields = Object.entries(full)
    for (let turn = 0; turn < fields.length; turn++) {
      const turned = [...fields.slice(turn), ...fields.slice(0, turn)]
      const bytes = Buffer.from(JSON.stringify(Object.fromEntries(turned)))
      const sound = quick?.(bytes)
      expect(sound).toMatchObject({ id: 's', timeMs: 1538353732000 })
      expect(Buffer.from(sound?.key ?? []).toString()).toBe('u1')
    }
    expect(quick?.(Buffer.from('{"ts":1,"page":"Home","userId":7}'))).toMatchObject({
      timeMs: 1_000,
    })
  })

  it('leaves topics to the whole check that take unknown fields, or have rules over several', () => {
    const loose = contractOf(z.object({ a: z.int() }).loose())
    const ruled = contractOf(z.object({ a: z.int(), b: z.int() }).refine(({ a, b }) => a < b))
    const outside = contractOf(z.object({ a: z.int() }), { key: 'b' })
    for (const contract of [loose, ruled, outside]) {
      expect(createQuickCheck(contract, defaultLimits)).toBeUndefined()
    }
  })
})

/** Mostly a sound event, with some of its values and names changed for others. */
function anEvent(pick: <T>(of: readonly T[]) => T, below: (n: number) => number): string {
  const fields: [string, string][] = [
    ['ts', '1538353732000'],
    ['userId', pick(['"u1"', '7', '""'])],
    ['page', pick(['"Home"', '"é"', '"\\u00e9"'])],
    ['rating', '4.5'],
    ['length', '279.58982'],
    ['song', pick(['"A \\"song\\""', '"b"', '"c"', 'null'])],
    ['isNew', 'true'],
  ]
  for (let changes = below(4); changes > 1; changes--) {
    const at = below(fields.length + 1)
    fields.splice(at, below(2), [pick(NAMES), pick(VALUES)])
  }
  if (below(3) === 0) fields.push(['extra', '1'])
  if (below(6) === 0) fields.reverse()
  const space = pick(['', '', ' ', '\n\t', '\v'])
  const inner = fields
    .map(([name, value]) => `"${name}"${space}:${space}${value}`)
    .join(`${space},`)
  return `${space}{${inner}}${pick(['', '', ' ', '\r', ',', '}', ' {}'])}`
}
