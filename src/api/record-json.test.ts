/** A record leaves as it came in: what JavaScript would round, sort or lose stands in the answer byte for byte. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRecord } from '../core/index.ts'
import { recordJson } from './record-json.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const record = (value: Uint8Array | null, rest: Partial<LogRecord> = {}): LogRecord => ({
  topic: 't',
  partition: 1,
  offset: 7,
  key: null,
  headers: [],
  timestamp: 0,
  ...rest,
  value,
})

test('a JSON value stands there as it was sent, on one line', () => {
  const value = '{"big":12345678901234567890,\n "b":1, "b":2,"x":1.10}'
  const json = recordJson(record(bytes(value)))
  expect(json).toContain(`"value":${value.replace('\n', ' ')},"valueEncoding":"json"`)
  expect(json).not.toContain('\n')
})

test('text, bytes and tombstones say what they are', () => {
  expect(JSON.parse(recordJson(record(bytes('a "b"\n'))))).toMatchObject({
    value: 'a "b"\n',
    valueEncoding: 'text',
  })
  expect(JSON.parse(recordJson(record(new Uint8Array([255, 0]))))).toMatchObject({
    value: '/wA=',
    valueEncoding: 'base64',
  })
  expect(JSON.parse(recordJson(record(null)))).toMatchObject({ value: null, valueEncoding: 'json' })
})

test('a time that no calendar has is a number as text', () => {
  expect(JSON.parse(recordJson(record(null, { timestamp: 9e15 })))).toMatchObject({
    timestamp: '9000000000000000',
  })
})

test('any bytes in key, value and headers give one line of valid JSON', () => {
  const any = fc.uint8Array({ maxLength: 40 })
  fc.assert(
    fc.property(any, any, fc.string(), any, (key, value, name, header) => {
      const json = recordJson(record(value, { key, headers: [{ key: name, value: header }] }))
      expect(json).not.toMatch(/[\r\n]/)
      expect(JSON.parse(json)).toMatchObject({ partition: 1, offset: 7 })
    }),
  )
})
