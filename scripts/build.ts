/**
 * Builds everything that cannot run from source: the WebAssembly kernels (into src/kernels/build, where the unit tests
 * find them, and dist/kernels/build) and the JavaScript that child processes, workers and users run (dist/).
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, chmodSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)
const run = (command: string, args: string[]): void => {
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
}

function buildKernels(): void {
  const source = join(root, 'src/kernels/wasm')
  const target = join(root, 'src/kernels/build')
  mkdirSync(target, { recursive: true })
  if (!existsSync(source)) return
  for (const file of readdirSync(source)) {
    if (!file.endsWith('.as.ts')) continue
    // `<name>.shared.as.ts` runs on one memory of many threads.
    const isShared = file.endsWith('.shared.as.ts')
    const name = file.slice(0, file.indexOf('.'))
    run(bin('asc'), [
      join(source, file),
      '--outFile',
      join(target, `${name}.wasm`),
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '-O3',
      '--noAssert',
      '--importMemory',
      ...(isShared ? ['--enable', 'threads', '--sharedMemory'] : []),
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
    ])
  }
}

function buildJavaScript(): void {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  run(bin('tsc'), ['-p', 'tsconfig.build.json'])
  cpSync(join(root, 'src/kernels/build'), join(root, 'dist/kernels/build'), { recursive: true })
  const main = join(root, 'dist/cli/main.js')
  if (existsSync(main)) chmodSync(main, 0o755)
}

/** What `millrace new` makes projects of: the examples as they are, so that there is no second copy in git. */
function copyTemplates(): void {
  const examples = join(root, 'examples')
  const isOurs = (path: string): boolean => {
    const name = basename(path)
    return name !== 'node_modules' && !name.startsWith('.') && !name.includes('.test.')
  }
  for (const { name } of readdirSync(examples, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )) {
    cpSync(join(examples, name), join(root, 'dist/templates', name), {
      recursive: true,
      filter: isOurs,
    })
  }
}

buildKernels()
buildJavaScript()
copyTemplates()
