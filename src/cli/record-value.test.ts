import { expect, test } from 'vitest'
import { recordValue } from './record-value.ts'

const record = (value: string, encoding: string, key = '"k"', headers = '[]'): string =>
  `{"partition":0,"offset":1,"timestamp":"t","key":${key},"value":${value},"valueEncoding":"${encoding}","headers":${headers}}`

test('a JSON value comes out byte for byte', () => {
  const value = '{"big":12345678901234567890,"x":1.10}'
  expect(recordValue(record(value, 'json'))).toBe(value)
})

test('text comes out unquoted, base64 as it is', () => {
  expect(recordValue(record('"a\\nb"', 'text'))).toBe('a\nb')
  expect(recordValue(record('"/wA="', 'base64'))).toBe('/wA=')
})

test('members of the same names inside key, value and headers do not confuse it', () => {
  const value = '{"a":[{"x":1,"value":2,"valueEncoding":"json","headers":[1]}]}'
  const key = JSON.stringify(',"value":7,"valueEncoding":"json","headers":[')
  const headers = `[{"key":"h","value":${key}}]`
  expect(recordValue(record(value, 'json', key, headers))).toBe(value)
})
