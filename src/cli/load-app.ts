/**
 * Loads an app file. TypeScript is read by jiti; `millrace` and `zod` in it are the running package's own, so that the app
 * and the product share one copy.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AppDefinition } from '../app/index.ts'
import { isMillraceError, MillraceError, quote, type Issue } from '../core/index.ts'
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
    if (isMillraceError(error)) throw withLine(error, file)
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

/** The error with file and line of the setting that it names, when the file itself spells it out. */
function withLine(error: MillraceError, file: string): MillraceError {
  const { issues } = error.details as { readonly issues?: readonly Issue[] }
  const text = readFileSync(file, 'utf8')
  const line = issues?.map(({ path }) => lineOf(text, path)).find((found) => found !== undefined)
  if (line === undefined) return error
  const { code, details, cause } = error
  return new MillraceError(code, error, `${file}:${line}: ${error.message}`, { details, cause })
}

/** The line where the last part of a JSON pointer stands as a key, below the keys of the parts before it. */
function lineOf(text: string, pointer: string): number | undefined {
  let at = 0
  for (const part of pointer.split('/').slice(1)) {
    if (/^\d+$/.test(part)) continue
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    const pattern = new RegExp(`(^|[\\s{,])['"]?${name.replaceAll(/\W/g, '\\$&')}['"]?\\s*:`, 'm')
    const found = pattern.exec(text.slice(at))
    if (!found) return undefined
    at += found.index + found[0].length
  }
  return at === 0 ? undefined : text.slice(0, at).split('\n').length
}
