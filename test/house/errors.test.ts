import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { ErrorSpec } from '../../src/core/index.ts'
import { filesUnder, read } from './sources.ts'

/** Every error table of the product, by importing each room's errors.ts. */
async function declared(): Promise<Map<string, ErrorSpec & { file: string }>> {
  const codes = new Map<string, ErrorSpec & { file: string }>()
  for (const file of filesUnder('src', (path) => path.endsWith('/errors.ts'))) {
    const module = (await import(`../../${file}`)) as Record<string, unknown>
    for (const value of Object.values(module)) {
      const table = (value as { table?: Record<string, ErrorSpec> }).table
      if (typeof value !== 'function' || table === undefined) continue
      for (const [code, spec] of Object.entries(table)) {
        assert.ok(!codes.has(code), `${code} is declared twice`)
        codes.set(code, { ...spec, file })
      }
    }
  }
  return codes
}

describe('error codes', () => {
  it('start with their room’s prefix', async () => {
    const wrong: string[] = []
    for (const [code, { file }] of await declared()) {
      const room = (file.split('/')[1] ?? '').toUpperCase()
      const prefix = code.split('_')[0] ?? ''
      if (!room.startsWith(prefix)) wrong.push(`${file}: ${code}`)
    }
    assert.deepEqual(wrong, [])
  })

  it('are listed in docs/errors.md, and only they', async () => {
    const page = read('docs/errors.md')
    const listed = new Set(
      [...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((match) => match[1] ?? ''),
    )
    const codes = await declared()
    const missing = [...codes.keys()].filter((code) => !listed.has(code))
    assert.deepEqual(missing, [], 'run "npm run docs"')
    const retired = page.slice(page.indexOf('## Retired'))
    const gone = [...listed].filter((code) => !codes.has(code) && !retired.includes(code))
    assert.deepEqual(gone, [], 'run "npm run docs"; a retired code moves to the list at the end')
  })

  it('are all used somewhere', async () => {
    const text = filesUnder('src', (path) => path.endsWith('.ts') && !path.endsWith('/errors.ts'))
      .map(read)
      .join('\n')
    const unused = [...(await declared()).keys()].filter((code) => !text.includes(`'${code}'`))
    assert.deepEqual(unused, [], 'throw it or delete it')
  })
})
