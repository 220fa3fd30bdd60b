/**
 * The process that runs a user's SQL. It loads the engine, gives up its rights, says that it is ready, and then runs one
 * query after the other. Start: `query-child.js <folder or empty> <address space in bytes or 0>`.
 */
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { isMillraceError } from '../../core/index.ts'
import { sqlEngines } from '../catalog.ts'
import {
  ANSWER_FD,
  fromWire,
  type ChildMessage,
  type Isolation,
  type ParentMessage,
  type QueryMessage,
} from './protocol.ts'

/** Node and V8 reserve about this much address space; what remains of the limit is the engine's. */
const RUNTIME_BYTES = 1.55 * 1024 ** 3
const MIN_ENGINE_BYTES = 128 * 1024 ** 2
/** `nobody` on Linux and, as -2, on macOS. */
const NOBODY = 65_534
const INTERRUPT_EVERY_MS = 10

const [, , folder = '', limitText = '0'] = process.argv
const addressSpaceBytes = Number(limitText)
const answers = new Socket({ fd: ANSWER_FD, readable: false, writable: true })
const interrupts = new Map<number, () => void>()

const send = (message: ChildMessage): void => {
  answers.write(`${JSON.stringify(message)}\n`)
}

/** After this the child can read what everybody may read, and write nothing. */
function dropRights(): Isolation {
  if (folder !== '') process.chdir(folder)
  const hasOwnUser = folder !== '' && becomeNobody()
  return {
    uid: process.getuid?.() ?? -1,
    hasOwnUser,
    hasNoNetwork: hasNoRoute(),
    ...(addressSpaceBytes > 0 && { addressSpaceBytes }),
  }
}

/** Only root can; some containers take that right from root, and then the other limits must do. */
function becomeNobody(): boolean {
  if (process.getuid?.() !== 0) return false
  try {
    process.setgroups?.([])
    process.setgid?.(NOBODY)
    process.setuid?.(NOBODY)
    return true
  } catch {
    return false
  }
}

/** A new network namespace has no entry in its routing table. */
function hasNoRoute(): boolean {
  try {
    return readFileSync('/proc/net/route', 'utf8').trim().split('\n').length <= 1
  } catch {
    return false
  }
}

async function run(message: QueryMessage): Promise<void> {
  let stop: 'SQL_TIMEOUT' | 'SQL_CANCELLED' | undefined
  let interrupt: (() => void) | undefined
  let repeat: NodeJS.Timeout | undefined
  const end = (why: 'SQL_TIMEOUT' | 'SQL_CANCELLED'): void => {
    stop ??= why
    interrupt?.()
    // An interrupt between two steps is forgotten by the engine.
    repeat ??= setInterval(() => interrupt?.(), INTERRUPT_EVERY_MS)
  }
  interrupts.set(message.id, () => end('SQL_CANCELLED'))
  const deadline = setTimeout(() => end('SQL_TIMEOUT'), message.timeoutMs)
  try {
    const answer = await sqlEngines.duckdb.runLocked(
      { ...message, params: message.params.map(fromWire), memoryBytes: engineBytes(), threads: 2 },
      (started) => {
        interrupt = started
        if (stop) started()
      },
    )
    const { columns, truncated } = answer
    const head = JSON.stringify({ id: message.id, columns, truncated }).slice(0, -1)
    answers.write(`${head},"rows":[${answer.rows.join(',')}]}\n`)
  } catch (error) {
    const facts = errorFacts(error, stop, message.timeoutMs)
    send({ id: message.id, error: { ...facts, message: withoutPaths(facts.message, message) } })
  } finally {
    clearTimeout(deadline)
    clearInterval(repeat)
    interrupts.delete(message.id)
  }
}

const engineBytes = (): number =>
  addressSpaceBytes === 0
    ? 512 * 1024 ** 2
    : Math.max(MIN_ENGINE_BYTES, addressSpaceBytes - RUNTIME_BYTES)

function errorFacts(error: unknown, stop: string | undefined, timeoutMs: number) {
  if (stop !== undefined && (!isMillraceError(error) || error.code === 'SQL_CANCELLED')) {
    const message =
      stop === 'SQL_TIMEOUT'
        ? `the query did not end within ${Math.round(timeoutMs)} ms: read fewer rows, or ask for more time`
        : 'the query was cancelled'
    return { code: stop, message, details: {} }
  }
  if (isMillraceError(error)) {
    const { code, message, details } = error
    return { code, message, details }
  }
  return {
    code: 'SQL_FAILED',
    message: error instanceof Error ? error.message : String(error),
    details: {},
  }
}

/** Where our files lie is nobody's business; the path that a user wrote is shown again. */
function withoutPaths(text: string, { views }: QueryMessage): string {
  if (!text.includes('/')) return text
  const files = views.flatMap(({ files }) => files)
  const hidden = files.reduce((rest, file) => rest.replaceAll(file, 'a file of the table'), text)
  return folder === '' ? hidden : hidden.replaceAll(folder, '')
}

async function main(): Promise<void> {
  // Everything is loaded and warm before the rights are gone: afterwards the program's own files may be unreadable.
  const warmUp = { sql: 'SELECT 1', params: [], views: [], maxRows: 1, maxBytes: 100 }
  await sqlEngines.duckdb.runLocked({ ...warmUp, memoryBytes: engineBytes(), threads: 1 }, () => {})
  send({ ready: dropRights() })
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const message = JSON.parse(line) as ParentMessage
    if ('cancel' in message) interrupts.get(message.cancel)?.()
    else void run(message)
  })
  // The parent is gone.
  lines.on('close', () => process.exit(0))
}

void main()
