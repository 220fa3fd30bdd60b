/**
 * `npm run saboteurs [-- PART…] [-- --third N]`: runs wrong versions of the product against the tests that must catch them.
 * A test whose saboteur lives is not a test. One line each; ends with 1 when one was not caught. With parts of names only
 * those; `--third` 0 to 2 runs every third one, as the tests do.
 */
import { parseArgs } from 'node:util'
import { saboteurs } from '../test/reliability/sabotage/saboteurs.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { third: { type: 'string' }, seed: { type: 'string', default: '1' } },
})
const third = values.third === undefined ? undefined : Number(values.third)
const chosen = saboteurs
  .filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .filter((_, at) => third === undefined || at % 3 === third)
if (chosen.length === 0) {
  console.error(`no such saboteur; there are: ${saboteurs.map(({ name }) => name).join('; ')}`)
  process.exit(2)
}

const counts = { caught: 0, lives: 0, skipped: 0 }
for (const { name, test, run } of chosen) {
  const began = performance.now()
  const found = await run(Number(values.seed))
  const seconds = Math.round((performance.now() - began) / 1_000)
  const outcome = found === undefined ? 'lives' : 'skipped' in found ? 'skipped' : 'caught'
  counts[outcome]++
  console.log(JSON.stringify({ saboteur: name, test, outcome, ...found, seconds }))
}
console.log(JSON.stringify({ ...counts, total: chosen.length }))
if (counts.lives > 0) process.exitCode = 1
