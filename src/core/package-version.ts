/** The version of the running package, as in its package.json: for `--version`, the OpenAPI document and lineage. */
import { readFileSync } from 'node:fs'

let version: string | undefined

export function packageVersion(): string {
  if (version === undefined) {
    const file = new URL('../../package.json', import.meta.url)
    version = (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  }
  return version
}
