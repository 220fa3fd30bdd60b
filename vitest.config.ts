import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Examples import the package by its name; in tests that is the source, as for the compiler.
  resolve: {
    alias: [
      { find: /^millrace$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/engines/**', 'node_modules/**', 'dist/**'],
    setupFiles: ['test/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A deadlock ends a test, a busy machine does not: trainings and whole instances run in processes of their own.
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
})
