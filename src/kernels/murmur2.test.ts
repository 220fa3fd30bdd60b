import { expect, test } from 'vitest'
import { murmur2 } from './murmur2.ts'

// The cases of UtilsTest.testMurmur2 in Apache Kafka's Java client.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %j is that of the Java client', (text, expected) => {
  expect(murmur2(new TextEncoder().encode(text))).toBe(expected)
})
