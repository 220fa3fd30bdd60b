/** A rotating third of the saboteurs; all of them are `npm run saboteurs`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { root } from '../../house/sources.ts'
import { CODE_SABOTEURS } from './code-saboteurs.ts'
import { saboteurs } from './saboteurs.ts'

const DAY = Math.floor(Date.now() / 86_400_000)
const third = Number(process.env['MILLRACE_THIRD'] ?? DAY % 3)

describe('saboteurs', () => {
  it('change a piece of code that is there once', () => {
    const wrong = CODE_SABOTEURS.filter(({ module, find }) => {
      const text = readFileSync(join(root, 'src', `${module}.ts`), 'utf8')
      return text.split(find).length !== 2
    })
    assert.deepEqual(
      wrong.map(({ name, module }) => `${name}: ${module}`),
      [],
      'the code has changed: change the piece in code-saboteurs.ts too',
    )
  })

  for (const { name, test, run } of saboteurs.filter((_, at) => at % 3 === third)) {
    it(
      `"${name}" is caught by ${test} (third ${third})`,
      { timeout: 540_000 },
      async ({ skip }) => {
        const found = await run(1)
        if (found !== undefined && 'skipped' in found) skip(found.skipped)
        assert.ok(found !== undefined, `it lives: npm run saboteurs -- "${name}"`)
      },
    )
  }
})
