/**
 * The one command before a commit; CI runs the same: format, lint, types, docs, dead code, tests. Stops at the first
 * failure. `--static` leaves the tests out.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const steps: [name: string, command: string, args: string[]][] = [
  ['format', 'oxfmt', ['--check']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings']],
  ['types', 'tsc', ['--noEmit']],
  ['types of the dashboard', 'tsc', ['-p', 'dashboard']],
  ['docs', 'tsx', ['scripts/docs.ts', '--check']],
  ['dead code', 'knip', []],
  ['build', 'tsx', ['scripts/build.ts']],
  ['package', 'publint', ['--strict']],
  ['tests', 'npm', ['test']],
]

for (const [name, command, args] of steps) {
  if (name === 'tests' && process.argv.includes('--static')) continue
  console.log(`\n— ${name}: ${command} ${args.join(' ')}`)
  const path = `${root}/node_modules/.bin:${process.env['PATH'] ?? ''}`
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  if (status !== 0) {
    console.error(`\n${name} failed`)
    process.exit(status ?? 1)
  }
}
