import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Soaks in their small form, saboteurs, examples and templates from an empty folder: minutes. `npm run test:long` runs them. */
export const LONG_TESTS = [
  'test/reliability/soaks.test.ts',
  'test/reliability/sabotage/saboteurs.test.ts',
  'test/reliability/hostile/doors.test.ts',
  'test/e2e/five-doors.test.ts',
  'test/e2e/new-project.test.ts',
]

export default defineConfig({
  // Examples import the package by its name; in tests that is the source, as for the compiler.
  resolve: {
    alias: [
      { find: /^millrace$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/engines/**', 'node_modules/**', 'dist/**', ...LONG_TESTS],
    setupFiles: ['test/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A deadlock ends a test, a busy machine does not: trainings and whole instances run in processes of their own.
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
})
