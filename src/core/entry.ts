/**
 * Child processes and workers always run compiled code: Node 20 cannot run TypeScript there. Code that runs from `src/`
 * (unit tests) starts the same file of `dist/`, which `npm install` and `npm test` build.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Absolute path of a compiled entry file that lies beside the caller: `compiledEntry(import.meta.url, 'query-child.js')`. */
export function compiledEntry(callerUrl: string, file: string): string {
  const beside = fileURLToPath(new URL(file, callerUrl))
  const compiled = beside.replace(/([/\\])src([/\\])(?!.*[/\\]src[/\\])/, '$1dist$2')
  if (callerUrl.endsWith('.js')) return beside
  if (!existsSync(compiled)) throw new Error(`${compiled} is missing: run "npm run build"`)
  return compiled
}
