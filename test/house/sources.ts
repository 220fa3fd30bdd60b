/** Reads the tree for the house tests: files and their imports, by a simple reader of import statements. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const SKIPPED = new Set(['node_modules', 'dist', '.git', 'build', 'coverage', '.bench', '.engines'])

/** Paths relative to the root, with `/`. */
export function filesUnder(folder: string, accept: (path: string) => boolean): string[] {
  const found: string[] = []
  const walk = (path: string): void => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      if (SKIPPED.has(entry.name) || entry.name.startsWith('.millrace')) continue
      const child = path === '' ? entry.name : `${path}/${entry.name}`
      if (entry.isDirectory()) walk(child)
      else if (accept(child)) found.push(child)
    }
  }
  walk(folder)
  return found.toSorted()
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

export const isTest = (path: string): boolean => path.endsWith('.test.ts')

export interface Import {
  readonly from: string
  readonly specifier: string
  /** Relative to the root, for relative specifiers. */
  readonly target: string | undefined
  readonly typeOnly: boolean
  /** `import()`: loaded when it is reached. */
  readonly lazy: boolean
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

export function importsOf(path: string): Import[] {
  const text = read(path)
  const target = (specifier: string): string | undefined =>
    specifier.startsWith('.')
      ? relative(root, resolve(root, dirname(path), specifier)).replaceAll('\\', '/')
      : undefined
  const statements = [...text.matchAll(STATEMENT)].map((match) => ({
    from: path,
    specifier: match[2] ?? '',
    target: target(match[2] ?? ''),
    typeOnly: match[1] !== undefined,
    lazy: false,
  }))
  const dynamic = [...text.matchAll(DYNAMIC)].map((match) => ({
    from: path,
    specifier: match[1] ?? '',
    target: target(match[1] ?? ''),
    typeOnly: false,
    lazy: true,
  }))
  return [...statements, ...dynamic]
}
