import { expect, test } from 'vitest'
import { parseMoment } from './moment.ts'

test.each([
  ['2018-11-15', '2018-11-15T00:00:00.000Z'],
  ['2018-11-15T12:00:00Z', '2018-11-15T12:00:00.000Z'],
  ['2018-11-15T12:00+02:00', '2018-11-15T10:00:00.000Z'],
  ['2020-02-29', '2020-02-29T00:00:00.000Z'],
])('%s is %s', (text, iso) => {
  expect(new Date(parseMoment(text)).toISOString()).toBe(iso)
})

test.each([
  '',
  'yesterday',
  '2018-02-30',
  '2018-13-01',
  '2018-11-15T12:00:00',
  '2018-11-15T25:00:00Z',
  '15.11.2018',
  '1542240000000',
  ' 2018-11-15',
])('no moment: %j', (text) => {
  expect(() => parseMoment(text)).toThrow(/no moment: write a date such as/)
})
