import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { JsonScanner } from './json-scan.ts'

const scanner = new JsonScanner({ depth: 32, keys: 10_000 })
const scan = (text: string | Buffer) => scanner.scan(Buffer.from(text as string))
const code = (text: string | Buffer) => scan(text).fault?.code
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('JsonScanner', () => {
  it('finds nothing in sound JSON and knows where the value ends', () => {
    for (const text of [
      '{}',
      '[]',
      '1',
      '"a"',
      'true',
      '{"a":[1,{"b":"x\\"y}"}],"c":null}',
      ' [ 1 , 2 ] ',
    ]) {
      const result = scan(text)
      expect(result.fault, text).toBeUndefined()
      expect(result.end, text).toBe(text.trimEnd().length)
    }
  })

  it('gives the end of a value that stands between others', () => {
    const bytes = Buffer.from('[{"a":1},"x,]",-1.5e3,true]')
    const ends = []
    for (let at = 1; bytes[at] !== undefined && ends.length < 4;) {
      const { end } = scanner.scan(bytes, at)
      ends.push(bytes.subarray(at, end).toString())
      at = end + 1
    }
    expect(ends).toEqual(['{"a":1}', '"x,]"', '-1.5e3', 'true'])
  })

  it('answers −1 when the bytes end inside the value', () => {
    const text = '{"a":[1,"é\\u00e9"],"b":{"c":null}}'
    const bytes = Buffer.from(text)
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(scanner.scan(bytes, 0, cut).end, `cut at ${cut}`).toBe(-1)
    }
  })

  it.each([
    ['{"a":1,"a":2}', '/a'],
    ['{"x":{"b":1,"c":2,"b":3}}', '/x/b'],
    [String.raw`{"ab":1,"a\u0062":2}`, '/ab'],
    [String.raw`{"a\/b":1,"a/b":2}`, '/a~1b'],
    ['{"caf\u00e9":1,"cafe\u0301":2}', '/caf\u00e9'],
    ['[1,{"a":1,"a":1}]', '/1/a'],
    ['{"":1,"":2}', '/'],
  ])('sees the repeated key of %s', (text, pointer) => {
    expect(scan(text).fault).toMatchObject({ code: 'duplicate_key', pointer })
  })

  it('tells keys of one hash apart, and still sees their repeats', () => {
    // Each pair has one FNV-1a hash of 32 bits.
    const colliding = ['costarring', 'liquid', 'declinate', 'macallums', 'altarage', 'zinke']
    const text = (keys: readonly string[]): string => `{${keys.map((key) => `"${key}":1`).join()}}`
    expect(code(text(colliding))).toBeUndefined()
    for (const key of colliding) {
      expect(scan(text([...colliding, key])).fault).toMatchObject({ pointer: `/${key}` })
    }
  })

  it.each([18, 64, 65, 200])('sees the repeats of each of %s keys', (count) => {
    const keys = Array.from({ length: count }, (_, at) => `key${at}`)
    const text = (more: readonly string[]): string =>
      `{${[...keys, ...more].map((key) => `"${key}":1`).join()}}`
    expect(code(text([]))).toBeUndefined()
    for (const key of keys) expect(code(text([key]))).toBe('duplicate_key')
  })

  it('does not take equal keys of different objects for repeats', () => {
    expect(code('{"a":{"a":1},"b":{"a":{"a":2}},"c":[{"a":1},{"a":2}]}')).toBeUndefined()
  })

  it('sees a repeat among many keys', () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => `"key${i}":${i}`)
    expect(code(`{${keys.join()}}`)).toBeUndefined()
    expect(scan(`{${keys.join()},"key17":0}`).fault).toMatchObject({ pointer: '/key17' })
  })

  it('sees __proto__ in any spelling and leaves constructor alone', () => {
    expect(code('{"__proto__":{}}')).toBe('proto_key')
    expect(code(String.raw`{"a":[{"\u005f_proto__":1}]}`)).toBe('proto_key')
    expect(code('{"constructor":{"prototype":{}},"__proto_":1,"__proto___":2}')).toBeUndefined()
    expect(code('{"a":"__proto__"}')).toBeUndefined()
  })

  it.each([
    ['9007199254740991', undefined],
    ['-9007199254740991', undefined],
    ['9007199254740992', 'unsafe_integer'],
    ['-9007199254740993', 'unsafe_integer'],
    ['18446744073709551616', 'unsafe_integer'],
    ['1e400', 'number_overflow'],
    ['-1E+400', 'number_overflow'],
    ['1e-400', 'number_underflow'],
    ['0e-400', undefined],
    ['-0', undefined],
    ['1e308', undefined],
    [`0.1${'0'.repeat(50)}`, undefined],
    [`${'9'.repeat(400)}.5`, 'number_overflow'],
  ])('judges the number %s', (text, expected) => {
    expect(code(text)).toBe(expected)
    expect(scan(`{"n":[0,${text}]}`).fault?.pointer).toBe(expected && '/n/1')
  })

  it('accepts depth 32 and refuses 33, and 500,000 without recursion', () => {
    expect(code(nested(32))).toBeUndefined()
    expect(code(nested(33))).toBe('too_deep')
    expect(scan(nested(500_000))).toMatchObject({ end: 1_000_000, fault: { code: 'too_deep' } })
    expect(scan('{"a":'.repeat(10_000)).end).toBe(-1)
  })

  it('goes on after a fault to the end of the value', () => {
    const text = `[{"a":1,"a":2},${'['.repeat(40)}"]"${']'.repeat(40)},1e999]`
    expect(scan(text)).toMatchObject({ end: text.length, fault: { pointer: '/0/a' } })
  })

  it('bounds the number of keys', () => {
    const small = new JsonScanner({ depth: 4, keys: 3 })
    expect(small.scan(Buffer.from('{"a":1,"b":{"c":2}}')).fault).toBeUndefined()
    expect(small.scan(Buffer.from('{"a":1,"b":{"c":2,"d":3}}')).fault?.code).toBe('too_many_keys')
  })

  it('sees lone surrogates in escapes, in keys too', () => {
    expect(code(String.raw`"\ud83d\ude00"`)).toBeUndefined()
    expect(code(String.raw`{"a":"\ud83d"}`)).toBe('lone_surrogate')
    expect(code(String.raw`{"a":"\ude00\ud83d"}`)).toBe('lone_surrogate')
    expect(code(String.raw`{"\ud800":1}`)).toBe('lone_surrogate')
    expect(code(String.raw`"\\ud83d"`)).toBeUndefined()
  })

  it('sees bytes that are not UTF-8 and says where', () => {
    const bad = Buffer.concat([Buffer.from('{"é":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])
    expect(scan(bad).fault).toEqual({ code: 'invalid_utf8', pointer: '', position: 7 })
    for (const bytes of [[0xed, 0xa0, 0x80], [0xff], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80]]) {
      expect(code(Buffer.from([0x22, ...bytes, 0x22]))).toBe('invalid_utf8')
    }
  })

  it('never faults or misses the end of what JSON.stringify writes from safe values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value)
        const result = scan(text)
        const allowed = /"__proto__"|\d{16}/.test(text) || text.normalize('NFC') !== text
        if (/\\u[dD][89a-fA-F]/.test(text) || allowed) return
        expect(result.fault).toBeUndefined()
        if (typeof value !== 'number') expect(result.end).toBe(Buffer.byteLength(text))
      }),
      { numRuns: 500 },
    )
  })

  it('ends on any bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'{ } [ ] " , : \\ u 0 d D 8 e - + . 1 t \u00e9 \n'.split(' '))),
        (parts) => {
          const bytes = Buffer.from(parts.join(''))
          expect(scanner.scan(bytes).end).toBeLessThanOrEqual(bytes.length)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

it('forgets the keys of a value that ended inside its object', () => {
  const scanner = new JsonScanner({ depth: 32, keys: 100 })
  expect(scanner.scan(Buffer.from('{"a":1,"a":2')).fault?.code).toBe('duplicate_key')
  expect(scanner.scan(Buffer.from('{"a":1}'))).toEqual({ end: 7 })
})
