/** One child on the parent's side: starts it with its limits, sends a query, kills it when it does not answer. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { compiledEntry, systemClock } from '../../core/index.ts'
import { sqlError, type SqlErrorCode } from '../errors.ts'
import {
  ANSWER_FD,
  type ChildMessage,
  type Isolation,
  type ParentMessage,
  type QueryMessage,
} from './protocol.ts'

export interface QueryProcessOptions {
  /** Bytes; 0 is no limit. */
  readonly addressSpaceBytes: number
  readonly dir: string
}

export type QueryAnswer = Extract<ChildMessage, { columns: unknown }>

export interface QueryProcess {
  /** Rejects when the child ends before it is ready. */
  readonly ready: Promise<Isolation>
  /** One at a time. `maxBytes` of the message plus its envelope is all that is read of an answer. */
  query(message: QueryMessage): Promise<QueryAnswer>
  cancel(id: number): void
  kill(reason?: Error): void
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>
}

/** The child interrupts itself at the deadline; when it cannot, it is killed so long after. */
const KILL_AFTER_MS = 1_000
/** Part of an answer that is not rows: column names and types, error text. */
const ENVELOPE_BYTES = 1024 ** 2
const STDERR_CHARACTERS = 4_096

/**
 * The shell sets what Node cannot: no core file, no written byte (`-f 0`), limited address space; and, where the user may,
 * a network namespace without a route. `$1` is the limit in KiB.
 */
const LAUNCH = `
ulimit -c 0 2>/dev/null
ulimit -f 0 2>/dev/null
[ "$1" = 0 ] || ulimit -v "$1" 2>/dev/null
shift
if [ -x /usr/bin/unshare ] && /usr/bin/unshare --net /bin/true 2>/dev/null; then exec /usr/bin/unshare --net "$@"; fi
exec "$@"`

export function startQueryProcess(options: QueryProcessOptions): QueryProcess {
  const entry = compiledEntry(import.meta.url, 'query-child.js')
  const kib = Math.floor(options.addressSpaceBytes / 1024)
  const node = [process.execPath, '--max-old-space-size=256', entry]
  const facts = [options.dir, String(options.addressSpaceBytes)]
  const child = spawn('/bin/sh', ['-c', LAUNCH, 'sh', String(kib), ...node, ...facts], {
    env: {},
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  })
  return queryProcess(child)
}

/** A promise and its two ends. */
function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

function queryProcess(child: ChildProcess): QueryProcess {
  const ready = deferred<Isolation>()
  const ended = deferred<void>()
  let running: ReturnType<typeof deferred<QueryAnswer>> | undefined
  let mostBytes = ENVELOPE_BYTES
  let killReason: Error | undefined
  let endedBy: Error | undefined
  let stderr = ''

  const kill = (reason?: Error): void => {
    killReason ??= reason
    child.kill('SIGKILL')
  }
  const onLine = (line: string): void => {
    const message = JSON.parse(line) as ChildMessage
    if ('ready' in message) ready.resolve(message.ready)
    else if ('error' in message) running?.reject(childError(message.error))
    else running?.resolve(message)
  }
  readLines(
    child.stdio[ANSWER_FD] as Readable,
    () => mostBytes,
    onLine,
    () => kill(sqlError('SQL_CRASHED', 'the query process sent more than it may: it was stopped')),
  )
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS)
  })
  // A write to a child that has just ended: its end is reported below.
  child.stdin?.on('error', () => undefined)
  const onEnd = (how: string): void => {
    endedBy ??= killReason ?? endError(how, stderr)
    ready.reject(endedBy)
    running?.reject(endedBy)
    ended.resolve()
  }
  child.on('error', (error) => onEnd(error.message))
  child.on('close', (code, signal) => onEnd(signal ?? `exit code ${code}`))

  const send = (message: ParentMessage): void => {
    child.stdin?.write(`${JSON.stringify(message)}\n`)
  }
  return {
    ready: ready.promise,
    ended: ended.promise,
    async query(message) {
      if (endedBy) throw endedBy
      running = deferred<QueryAnswer>()
      mostBytes = message.maxBytes * 2 + ENVELOPE_BYTES
      const giveUp = systemClock.after(message.timeoutMs + KILL_AFTER_MS, () =>
        kill(timeoutError(message.timeoutMs)),
      )
      send(message)
      try {
        return await running.promise
      } finally {
        giveUp()
        running = undefined
      }
    },
    cancel(id) {
      send({ cancel: id })
      systemClock.after(KILL_AFTER_MS, () => running && kill())
    },
    kill,
  }
}

/** Splits into lines; calls `onExcess` when a line is longer than allowed at that moment. */
function readLines(
  stream: Readable,
  mostBytes: () => number,
  onLine: (line: string) => void,
  onExcess: () => void,
): void {
  let parts: Buffer[] = []
  let bytes = 0
  stream.on('data', (data: Buffer) => {
    let start = 0
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
      parts.push(data.subarray(start, end))
      onLine(Buffer.concat(parts).toString('utf8'))
      parts = []
      bytes = 0
      start = end + 1
    }
    parts.push(data.subarray(start))
    bytes += data.length - start
    if (bytes <= mostBytes()) return
    parts = []
    bytes = 0
    onExcess()
  })
}

export const timeoutError = (timeoutMs: number): Error =>
  sqlError(
    'SQL_TIMEOUT',
    `the query did not end within ${Math.round(timeoutMs)} ms: read fewer rows, or ask for more time`,
  )

function childError(error: { code: string; message: string; details: object }): Error {
  const code = error.code in sqlError.table ? (error.code as SqlErrorCode) : 'SQL_CRASHED'
  return sqlError(code, error.message, { details: { ...error.details } })
}

/** V8 and the C++ library end the process when an allocation fails outside the engine's own accounting. */
function endError(how: string, stderr: string): Error {
  if (/out of memory|bad_alloc|Allocation failed/i.test(stderr)) {
    return sqlError(
      'SQL_OUT_OF_MEMORY',
      'the answer needs more memory than a query may use: select fewer or shorter values',
    )
  }
  return sqlError('SQL_CRASHED', `the query ended its process (${how}): try again`, {
    retryAfterSeconds: 1,
    details: { how },
  })
}
