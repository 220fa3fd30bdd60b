/** Peers are installed by the benchmark itself, pinned, into a folder that git ignores. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../.bench', import.meta.url))

/** A package from npm at an exact version. */
export function npmPeer(name: string, version: string): unknown {
  const manifest = join(folder, 'node_modules', name, 'package.json')
  const installed = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
    : undefined
  if (installed !== version) {
    mkdirSync(folder, { recursive: true })
    const args = ['install', '--prefix', folder, '--save-exact', '--no-audit', '--no-fund']
    execFileSync('npm', [...args, `${name}@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  return createRequire(join(folder, 'package.json'))(name)
}

/** Packages from PyPI at exact versions, in a virtual environment; answers the path of its Python. */
export function pythonPeer(packages: Readonly<Record<string, string>>): string {
  const place = join(folder, 'python')
  const python = join(place, 'bin', 'python')
  const pins = Object.entries(packages).map(([name, version]) => `${name}==${version}`)
  const marker = join(place, `${pins.join('_')}.installed`)
  if (!existsSync(marker)) {
    mkdirSync(folder, { recursive: true })
    execFileSync('python3', ['-m', 'venv', place], { stdio: ['ignore', 'ignore', 'inherit'] })
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...pins]
    execFileSync(python, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    writeFileSync(marker, '')
  }
  return python
}

/** A folder of the genuine data, which no repository holds. */
export function genuineData(name: string): string {
  const path = join(process.env['MILLRACE_TEST_DATA'] ?? '', name)
  if (process.env['MILLRACE_TEST_DATA'] === undefined || !existsSync(path)) {
    throw new Error(`set MILLRACE_TEST_DATA to a folder that holds ${name}/`)
  }
  return path
}
