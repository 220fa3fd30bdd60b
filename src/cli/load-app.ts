/**
 * Loads an app file. TypeScript is read by jiti; `millrace` and `zod` in it are the running package's own, so that the app
 * and the product share one copy.
 */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AppDefinition } from '../app/index.ts'
import { isMillraceError, quote } from '../core/index.ts'
import { cliError } from './errors.ts'
import { userPath } from './instance.ts'

const NAMES = ['app.ts', 'app.js', 'app.mjs']

/** The app of a file, or of the `app.ts` of a folder. Throws CLI_INVALID_APP; APP_INVALID comes through as it is. */
export async function loadApp(
  path: string,
): Promise<{ readonly definition: AppDefinition; readonly file: string }> {
  const file = appFile(path)
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const entry = new URL(`../index.${extension}`, import.meta.url).href
  const [{ createJiti }, millrace, zod] = await Promise.all([
    import('jiti'),
    import(entry) as Promise<unknown>,
    import('zod'),
  ])
  const jiti = createJiti(file, { virtualModules: { millrace, zod } })
  let module: unknown
  try {
    module = await jiti.import(file)
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw cliError('CLI_INVALID_APP', `${file} cannot be loaded: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const definition = (module as { default?: unknown }).default
  if (typeof definition !== 'object' || definition === null || !('topics' in definition)) {
    throw cliError(
      'CLI_INVALID_APP',
      `${file} has no app: write "export default defineApp({ … })" in it`,
    )
  }
  return { definition: definition as AppDefinition, file }
}

function appFile(path: string): string {
  const full = userPath(path)
  if (!existsSync(full)) {
    throw cliError(
      'CLI_INVALID_APP',
      `there is no app file ${quote(path)}: name the file, such as app.ts`,
    )
  }
  if (!statSync(full).isDirectory()) return full
  const found = NAMES.map((name) => join(full, name)).find((file) => existsSync(file))
  if (found !== undefined) return found
  throw cliError('CLI_INVALID_APP', `folder ${quote(path)} has no app.ts: name the file`)
}
