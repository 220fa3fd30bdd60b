import { describe, expect, test } from 'vitest'
import { createLoadTable } from './load-table.ts'

describe('the table of classes', () => {
  const table = createLoadTable()
  table.add('GET', '/', 'read')
  table.add('GET', '/topics/:topic', 'read')
  table.add('POST', '/topics/:topic/events', 'ingest')
  table.add('POST', '/topics/all/flush', 'manage')
  table.add('GET', '/files/*', 'read')
  table.add('GET', '/pictures/:name.png', 'read')

  test('finds a request by method and path, whatever its parameters and query are', () => {
    expect(table.find('GET', '/')).toBe('read')
    expect(table.find('GET', '/topics/a%20b?limit=3')).toBe('read')
    expect(table.find('POST', '/topics/ratings/events?x=/y')).toBe('ingest')
    expect(table.find('POST', '/topics/all/flush')).toBe('manage')
    expect(table.find('POST', '/topics/all/events')).toBe('ingest')
  })

  test('leaves to the router what it does not know for sure', () => {
    expect(table.find('PUT', '/topics/a')).toBeUndefined()
    expect(table.find('GET', '/topics')).toBeUndefined()
    expect(table.find('GET', '/topics/')).toBeUndefined()
    expect(table.find('GET', '/topics/a/')).toBeUndefined()
    expect(table.find('GET', '/files/a')).toBeUndefined()
    expect(table.find('GET', '/pictures/a.png')).toBeUndefined()
    expect(table.find('GET', 'http://localhost/topics/a')).toBeUndefined()
    expect(table.find('OPTIONS', '*')).toBeUndefined()
  })
})
