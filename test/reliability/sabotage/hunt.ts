/** Sets a soak on a wrong version of the product, in processes of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CodeSaboteur } from './code-saboteurs.ts'

const RUN = fileURLToPath(new URL('../run.ts', import.meta.url))
const REGISTER = new URL('register.mjs', import.meta.url).href
/** On a crowded machine; some take a minute. */
const LIMIT_MS = 480_000
const NAMES = [
  'lost', 'duplicate', 'gap', 'overlap', 'changed', 'stuck', 'unopenable',
] as const // prettier-ignore

/** As what it was caught; `undefined`: it lives; `{ skipped }`: its test cannot run here. */
export type Hunted = { readonly as: string } | { readonly skipped: string } | undefined

export async function hunt(saboteur: CodeSaboteur, seed: number): Promise<Hunted> {
  const { module, find, replace, soak, rounds } = saboteur
  const dir = await mkdtemp(join(tmpdir(), 'millrace-saboteur-'))
  const mark = join(dir, 'mark')
  try {
    const args = ['--import', 'tsx', RUN, soak, '--seed', String(seed), '--rounds', String(rounds)]
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: `--import ${REGISTER}`,
        MILLRACE_SABOTEUR: JSON.stringify({ module, find, replace }),
        MILLRACE_SABOTEUR_MARK: mark,
      },
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
    child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    await once(child, 'close')
    clearTimeout(timer)
    if (child.signalCode !== null) throw new Error(`${soak} was not done in ${LIMIT_MS} ms`)
    const line = out.split('\n').find((one) => one.startsWith('{'))
    if (line === undefined) return await caughtByEnd(mark, err)
    const result = JSON.parse(line) as Record<string, unknown>
    if (typeof result['skipped'] === 'string') return { skipped: result['skipped'] }
    const as = NAMES.filter((name) => Number(result[name]) > 0)
    return as.length > 0 ? { as: as.join(', ') } : undefined
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** The test itself did not come to its end: only the saboteur can be why, if it was there. */
async function caughtByEnd(mark: string, err: string): Promise<Hunted> {
  const wasThere = await readFile(mark, 'utf8').catch(() => '')
  if (wasThere === '' || /pieces of code like/.test(err))
    throw new Error(`the saboteur was not put in:\n${err.slice(-2_000)}`)
  return { as: 'failure of the test' }
}
