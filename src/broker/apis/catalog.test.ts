import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { apis } from './catalog.ts'

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')

describe('the catalog of APIs', () => {
  test('lists every file that defines one', () => {
    const folder = new URL('.', import.meta.url)
    const files = readdirSync(folder).filter((name) => /^(?!catalog)[a-z-]+\.ts$/.test(name))
    const defining = files.filter((name) =>
      readFileSync(new URL(name, folder), 'utf8').includes('defineApi('),
    )
    expect(defining.length).toBe(apis.length)
    expect(new Set(apis.map(({ key }) => key)).size).toBe(apis.length)
  })

  test.each(apis.map((api) => [api.name, api] as const))(
    '%s is documented with its versions',
    (name, { key, versions: [min, max] }) => {
      const range = min === max ? String(min) : `${min}–${max}`
      expect(spec).toContain(`| ${key} | ${name} | ${range} |`)
    },
  )
})
