/**
 * Hostile events, made by rule and from a seed: what a topic with fields `id` text, `n` integer, `x` double, `big` int64,
 * `flag` boolean, `at` time and `note` text must say to each.
 */
import { createRandom } from '../../../src/kernels/index.ts'

export interface HostileCase {
  readonly name: string
  readonly body: string | Uint8Array
  /** 202: it is stored, byte for byte. */
  readonly status: 202 | 400 | 413 | 422
  /** A line of NDJSON has the same verdict, with this code. Absent: the case is about the body as a whole. */
  readonly code?: string
  /** Where the fault is, JSON pointer. */
  readonly path?: string
}

const GOOD = '{"id":"a","n":1,"x":0.5,"big":"12","flag":true,"at":1500000000,"note":"é\\n"}'
const event = (fields: string): string => `{"id":"a",${fields}}`

/** H1: no JSON. */
export function malformed(): HostileCase[] {
  const bytes = Buffer.from(GOOD)
  const cuts = Array.from({ length: bytes.length }, (_, at): [string, Uint8Array] => [
    `cut at byte ${at}`,
    bytes.subarray(0, at),
  ])
  const texts = [
    '{"id":"a",}', '[{"id":"a"},]', "{'id':'a'}", '{id:"a"}', '{"id":"a"}//', '{/**/"id":"a"}', '#', '{"x":NaN}',
    '{"x":Infinity}', '{"x":-Infinity}', '{"x":+1}', '{"x":01}', '{"x":1.}', '{"x":.5}', '{"x":1e}', '{"x":0x10}', '{"x":1_000}',
    '{"x":--1}', '{"x":٣}', '{"x":1 2}', ' ', '\n\t ', '{"id":"a"}{"id":"b"}', '{"id":"a"} x', '{"id" "a"}', '{"id":}', '{,}', '{"a":1,,"b":2}',
    '{"id":"a"]', '["a"}', '{"id":"\\x41"}', '{"id":"\\u12"}', '{"id":"a\nb"}', '{"id":"a\tb"}', '{"id":"a\u0000"}', '{"id":tru}', '{"id":nul}',
    '{"id":"a"', '}', ']', '"', '{"id":True}', '{"id":undefined}', '\\u007b}', '<a/>', 'id=a', '---\nid: a', '\u001e{"id":"a"}',
  ] // prettier-ignore
  return [...cuts, ...texts.map((text): [string, string] => [text, text])].map(([name, body]) => ({
    name,
    body,
    status: 400,
  }))
}

const withBytes = (...bytes: number[]): Buffer =>
  Buffer.concat([Buffer.from('{"id":"a","note":"'), Buffer.from(bytes), Buffer.from('"}')])

/** H2: bytes and characters. */
export function encodings(): HostileCase[] {
  const sequences: [string, number[]][] = [
    ['lone continuation', [0x80]], ['cut two-byte', [0xc3]], ['wrong second byte', [0xc3, 0x28]], ['overlong slash', [0xc0, 0xaf]],
    ['overlong NUL', [0xc0, 0x80]], ['overlong three', [0xe0, 0x80, 0xaf]], ['overlong four', [0xf0, 0x80, 0x80, 0xaf]],
    ['surrogate as bytes', [0xed, 0xa0, 0x80]], ['pair as bytes (CESU-8)', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]], ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]], ['0xfe', [0xfe]], ['0xff', [0xff]],
    ['Latin-1 é', [0xe9]], ['Windows quote', [0x93]], ['cut four-byte', [0xf0, 0x9f, 0x98]],
  ] // prettier-ignore
  const code = 'INGEST_INVALID_UTF8'
  const invalid = sequences.map(([name, bytes]): HostileCase => {
    return { name, body: withBytes(...bytes), status: 400, code }
  })
  const surrogates = [
    '\\ud800',
    '\\udc00',
    '\\ud800\\ud800',
    '\\udc00\\ud800',
    'x\\uDFFFy',
    '\\ud83d\\u0041',
  ]
  const lone = surrogates.map((text): HostileCase => {
    const path = '/note'
    return {
      name: text,
      body: event(`"note":"${text}"`),
      status: 422,
      code: 'INGEST_INVALID_EVENT',
      path,
    }
  })
  const keys: HostileCase = {
    name: 'lone surrogate in a key',
    body: event('"\\ud800":1'),
    status: 422,
    code: 'INGEST_INVALID_EVENT',
  }
  const nul: HostileCase = {
    name: 'NUL in the key of the record',
    body: '{"id":"a\\u0000b"}',
    status: 422,
    code: 'INGEST_INVALID_EVENT',
    path: '/id',
  }
  const fine = [
    '\\ud83d\\ude00',
    '😀',
    '\\u0000',
    '\\u001b[31m',
    '\u007f',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '\u{10ffff}',
  ]
  const taken = fine.map((text): HostileCase => ({
    name: JSON.stringify(text),
    body: event(`"note":"${text}"`),
    status: 202,
  }))
  const utf16 = ['utf16le' as const].map((coding): HostileCase => {
    return { name: coding, body: Buffer.from(GOOD, coding), status: 400 }
  })
  return [...invalid, ...lone, keys, nul, ...taken, ...utf16]
}

const UNSAFE = 'INGEST_UNSAFE_NUMBER'
const INVALID = 'INGEST_INVALID_EVENT'

/** H4: numbers, as they are written. */
export function numbers(): HostileCase[] {
  const refused = (field: string, text: string, code: string): HostileCase => {
    const path = `/${field}`
    return {
      name: `${field}: ${text.slice(0, 40)}`,
      body: event(`"${field}":${text}`),
      status: 422,
      code,
      path,
    }
  }
  const taken = (field: string, text: string): HostileCase => {
    return {
      name: `${field}: ${text.slice(0, 40)}`,
      body: event(`"${field}":${text}`),
      status: 202,
    }
  }
  const digits = '7'.repeat(400)
  const whole = [
    '9007199254740992',
    '-9007199254740992',
    '9007199254740993',
    '9223372036854775808',
    '18446744073709551616',
    '12345678901234567890',
  ]
  const huge = [
    '1e309',
    '1e400',
    '-1e400',
    '1e999999999',
    digits,
    `1${'0'.repeat(400)}`,
    `${digits}.5`,
  ]
  const tiny = ['1e-400', '-1e-400', `0.${'0'.repeat(400)}1`]
  const notNumbers = [
    '"NaN"',
    '"Infinity"',
    '"-Infinity"',
    '"1"',
    '"0x10"',
    '"1_000"',
    '"٣"',
    '"1e400"',
    'true',
    'false',
    'null',
    '""',
    '" 1"',
    '[]',
    '[1]',
    '{}',
  ]
  return [
    ...whole.flatMap((text) => [refused('n', text, UNSAFE), refused('x', text, UNSAFE)]),
    ...huge.flatMap((text) => [refused('n', text, UNSAFE), refused('x', text, UNSAFE)]),
    ...tiny.map((text) => refused('x', text, UNSAFE)),
    ...notNumbers.flatMap((text) => [refused('n', text, INVALID), refused('x', text, INVALID)]),
    ...['1.5', '0.1', '-2.5', '1e-3'].map((text) => refused('n', text, INVALID)),
    ...['1', '0', '12.5', '"9223372036854775808"', '"-9223372036854775809"', '"1.0"', '"0x10"', '"1e3"', '" 1"', '""', 'true'].map((text) => refused('big', text, INVALID)),
    ...['"9223372036854775807"', '"-9223372036854775808"', '"9007199254740993"', '"0"'].map((text) => taken('big', text)),
    ...['9007199254740991', '-9007199254740991', '0', '-0', '1e3', '1.0'].map((text) => taken('n', text)),
    ...['0.1', '-0', '0.10000000000000000555111512312578270211815834045410', '1e308', '5e-324', '9007199254740991'].map((text) => taken('x', text)),
    ...['1', '0', '"true"', 'null', '"on"', '""'].map((text) => refused('flag', text, INVALID)),
  ] // prettier-ignore
}

/** H5: the same key twice. */
export function doubledKeys(): HostileCase[] {
  const code = 'INGEST_DUPLICATE_KEY'
  const bodies = [
    '{"id":"a","id":"a"}', '{"id":"a","id":"b"}', '{"id":"a","\\u0069d":"b"}', '{"id":"a","n":1,"n":1}', '{"id":"a","note":"x","n":1,"note":"y"}',
    '{"id":"a","x":1,"\\u0078":2}', '{"id":"a","":1,"":2}', '{"id":"a","é":1,"\\u00e9":2}', '{"id":"a","😀":1,"\\ud83d\\ude00":2}',
    '{"id":"a","o":{"k":1,"k":2}}', '{"id":"a","o":[{"k":1},{"k":1,"k":2}]}', '{"id":"a","o":{"p":{"k":1,"\\u006b":2}}}',
    `{${Array.from({ length: 40 }, (_, at) => `"k${at}":1`).join()},"k7":2}`,
  ] // prettier-ignore
  const twice = bodies.map((body): HostileCase => ({
    name: body.slice(0, 50),
    body,
    status: 422,
    code,
  }))
  // Keys that look the same are the same.
  const forms = { name: 'é composed and decomposed', body: '{"id":"a","é":1,"e\u0301":2}' }
  return [...twice, { ...forms, status: 422, code }]
}

/** H6: nesting. */
export function nested(): HostileCase[] {
  const code = 'INGEST_TOO_DEEP'
  const deep = (levels: number, open: string, inner: string, close: string): string =>
    `{"id":"a","o":${open.repeat(levels)}${inner}${close.repeat(levels)}}`
  const levels = [32, 33, 100, 1_000, 10_000, 100_000]
  return [
    ...levels.map((count) => ({ name: `${count} arrays`, body: deep(count, '[', '1', ']') })),
    ...levels.map((count) => ({ name: `${count} objects`, body: deep(count, '{"k":', '1', '}') })),
    ...levels.map((count) => ({ name: `${count} mixed`, body: deep(count, '[{"k":', '1', '}]') })),
    { name: '500,000 arrays', body: deep(500_000, '[', '', ']') },
  ].map((one): HostileCase => ({ ...one, status: 422, code }))
}

/** H7: names that reach into prototypes. */
export function prototypes(): HostileCase[] {
  const refused = [
    '"__proto__":{"polluted":1}', '"__proto__":null', '"\\u005f\\u005fproto__":{"polluted":1}', '"o":{"__proto__":{"polluted":1}}',
    '"o":[{"__proto__":{"polluted":1}}]', '"__pro\\u0074o__":1',
  ] // prettier-ignore
  // Without a declared field of the name they are unknown fields, and no more.
  const unknown = [
    '"constructor":{"prototype":{"polluted":1}}',
    '"toString":1',
    '"hasOwnProperty":1',
    '"prototype":1',
    '"valueOf":"x"',
  ]
  return [...refused, ...unknown].map((text): HostileCase => {
    return { name: text, body: event(text), status: 422, code: INVALID }
  })
}

/** H8: wrong types and shapes of every field, drawn from a seed. */
export function shapes(seed: number): HostileCase[] {
  const random = createRandom(seed)
  const good: Readonly<Record<string, readonly string[]>> = {
    id: ['"a"'],
    n: ['1'],
    x: ['1', '1.5'],
    big: ['"1"'],
    flag: ['true'],
    at: ['1500000000'],
    note: ['""', '"x"'],
  }
  const values = [
    '1',
    '1.5',
    '"a"',
    '"1"',
    'true',
    'null',
    '[]',
    '{}',
    '[[]]',
    '{"a":{}}',
    '["x"]',
    '""',
  ]
  const fits: Readonly<Record<string, RegExp>> = {
    id: /^"/, n: /^1$/, x: /^1/, big: /^"1"$/, flag: /^true$/, at: /^1(\.5)?$|^"1"$/, note: /^"/,
  } // prettier-ignore
  const wrong = Object.keys(good).flatMap((field) =>
    values
      .filter((value) => !fits[field]!.test(value))
      .map((value): HostileCase => {
        const others = Object.entries(good).flatMap(([name, some]) =>
          name === field || (name !== 'id' && random.int(2) === 0)
            ? []
            : [`"${name}":${some[random.int(some.length)]!}`],
        )
        const body = `{${[...others, `"${field}":${value}`].join()}}`
        return { name: `${field}: ${value}`, body, status: 422, code: INVALID, path: `/${field}` }
      }),
  )
  const wholes = [
    '1',
    '"a"',
    'null',
    'true',
    '[[]]',
    '[null]',
    '[1]',
    '{}',
    '{"n":1}',
    '{"id":null}',
  ]
  return [
    ...wrong,
    ...wholes.map((body): HostileCase => ({ name: body, body, status: 422 })),
    {
      name: 'an unknown field',
      body: event('"extra":1'),
      status: 422,
      code: INVALID,
      path: '/extra',
    },
    {
      name: 'an unknown field, deep',
      body: event('"extra":{"a":[{"b":1}]}'),
      status: 422,
      code: INVALID,
    },
  ]
}

/** H10: texts that programs trip over, all of them fine. */
export function texts(seed: number): string[] {
  const random = createRandom(seed)
  const drawn = Array.from({ length: 400 }, () =>
    Array.from({ length: 1 + random.int(40) }, () => {
      const point = random.int(0x11_0000)
      return point >= 0xd800 && point <= 0xdfff ? '\ufffd' : String.fromCodePoint(point)
    }).join(''),
  )
  return [
    ...drawn,
    '', ' ', 'null', 'undefined', 'NaN', 'true', '0', '1e400', '-0', '__proto__', 'constructor', '../../etc/passwd', 'file:///etc/passwd', 'C:\\CON',
    "'; drop table things; --", '" or "1"="1', '`id`', '$(id)', '${7*7}', '{{7*7}}', '<%= 7*7 %>', '%s%s%n', '%00', '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>', 'javascript:alert(1)', '=1+1', '+1', '-1', '@SUM(A1)', '=cmd|"/c calc"!A1', '\u001b[2J\u001b[31m', '\r\nSet-Cookie: a=b',
    'a\u0300'.repeat(1_000), '\u202eabc', '\u200b', '\ufeffbom', 'ﬁ', 'ı', 'İ', 'ß', 'Ω', 'ÅÅÅ', '社會科學院', 'مرحبا', '👩‍👩‍👧‍👦', '🏳️‍🌈', '\u2028\u2029', 'x'.repeat(10_000),
    '\u0000', '\u007f', '\\', '"', '/', '\b\f\n\r\t', '\\u0041', '<!--', ']]>', '\ud83d\ude00',
  ] // prettier-ignore
}

/** H17: times that are numbers: seconds or milliseconds since 1970. */
export function times(): HostileCase[] {
  const bad = [
    '8640000000000000', '253402300800000', '-62135596800000', '-2208988800001', '"yesterday"', '""', '"1500000000"', '"NaN"', 'true', '{}', '[]', 'null',
  ] // prettier-ignore
  const fine = [
    '0',
    '-1',
    '1500000000',
    '1500000000000',
    '1500000000.5',
    '253402300799999',
    '-2208988800',
  ]
  return [
    ...bad.map((text): HostileCase => {
      return { name: text, body: event(`"at":${text}`), status: 422, code: INVALID, path: '/at' }
    }),
    ...fine.map((text): HostileCase => ({ name: text, body: event(`"at":${text}`), status: 202 })),
  ]
}

/** H17: times that are texts, of a topic with a date. */
export const datedTimes: { readonly bad: readonly string[]; readonly fine: readonly string[] } = {
  bad: [
    '0000-01-01T00:00:00Z', '1899-12-31T23:59:59Z', '+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z', '10000-01-01T00:00:00Z', '2020-13-01T00:00:00Z', '2020-00-10T00:00:00Z',
    '2020-01-32T00:00:00Z', '2020-02-30T00:00:00Z', '2021-02-29T00:00:00Z', '2020-04-31T00:00:00Z', '2020-01-01T25:00:00Z', '2020-01-01T24:00:00Z', '2020-01-01T00:60:00Z', '2016-12-31T23:59:60Z',
    '2020-01-01T00:00:00', '2020-01-01', '2020-01-01 00:00:00Z', '2020-01-01T00:00:00+25:00', '2020-01-01T00:00:00 Europe/Berlin', '2020-01-01T00:00:00CET', 'yesterday', '', '01/02/2020',
    '2020-W01-1T00:00:00Z', 'NaN', '99999999999999999999', '٢٠٢٠-01-01T00:00:00Z',
  ], // prettier-ignore
  fine: [
    '1900-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '2020-02-29T12:00:00+05:30',
    '2020-01-01T00:00:00.123456789Z',
  ],
}
