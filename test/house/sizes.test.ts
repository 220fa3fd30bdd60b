import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { filesUnder, isTest, read } from './sources.ts'

const LIMIT = 400
/** Files over the limit, with the reason. The list may only shrink. */
const ALLOWED: Readonly<Record<string, string>> = {}

const FUNCTION_LIMIT = 70
/** Functions over the limit: `file: name`, with the reason. The list may only shrink. */
const ALLOWED_FUNCTIONS: Readonly<Record<string, string>> = {
  'src/kernels/histograms-wasm.ts: createWasmHistograms':
    'an object literal, one call into WebAssembly per method of the interface',
}

const sources = filesUnder('src', (path) => path.endsWith('.ts') && !path.endsWith('.as.ts'))

/** `function name` or `const name = (…) => {`. */
const BEGIN =
  /^( *)(?:export )?(?:(?:async )?function\*? (\w+)|const (\w+) = (?:async )?\(.*=> \{$)/

/**
 * Functions with their own lines: what a factory's inner functions hold is theirs, not its. The formatter puts a closing
 * brace under the line that opened it, so indentation finds the end.
 */
function functionsOf(path: string): { name: string; lines: number }[] {
  const lines = read(path).split('\n')
  const open: { name: string; indent: string; lines: number }[] = []
  const found: { name: string; lines: number }[] = []
  for (const line of lines) {
    const begin = BEGIN.exec(line)
    if (begin) open.push({ name: begin[2] ?? begin[3] ?? '', indent: begin[1] ?? '', lines: 0 })
    const current = open.at(-1)
    if (current === undefined) continue
    current.lines += 1
    if (line === `${current.indent}}`) {
      open.pop()
      found.push({ name: current.name, lines: current.lines })
    }
  }
  return found
}

describe('sizes', () => {
  it(`no file is over ${LIMIT} lines`, () => {
    const long = sources
      .map((path) => ({ path, lines: read(path).split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > LIMIT && ALLOWED[path] === undefined)
    assert.deepEqual(long, [], 'look for a seam, or list the file with its reason')
  })

  it('four files in five have at most 200 lines', () => {
    const code = sources.filter((path) => !isTest(path))
    const small = code.filter((path) => read(path).split('\n').length <= 201)
    assert.ok(small.length / code.length >= 0.8, `${small.length} of ${code.length}`)
  })

  it(`no function is over ${FUNCTION_LIMIT} lines`, () => {
    const long = sources
      .filter((path) => !isTest(path) && !path.endsWith('.conformance.ts'))
      .flatMap((path) =>
        functionsOf(path)
          .filter(({ lines }) => lines > FUNCTION_LIMIT)
          .map(({ name, lines }) => `${path}: ${name} (${lines})`),
      )
      .filter((entry) => ALLOWED_FUNCTIONS[entry.replace(/ \(\d+\)$/, '')] === undefined)
    assert.deepEqual(long, [], 'split it into named steps')
  })
})
