/**
 * What a command prints: data on stdout, everything else on stderr. A reader that closes the pipe (`| head`) ends the
 * command without a word.
 */
import { isMillraceError } from '../core/index.ts'

export type CellText = string | number | boolean | null | undefined

export interface Output {
  readonly json: boolean
  /** True when progress may be drawn on stderr. */
  readonly isLive: boolean
  /** One value as JSON (with `--json`), else what `human` prints. */
  data(value: unknown, human: () => void | Promise<void>): Promise<void>
  line(text?: string): void
  /** Resolves when the reader of stdout can take more. */
  drained(): Promise<void>
  /** One JSON value on one line. */
  jsonLine(value: unknown): void
  table(head: readonly string[], rows: readonly (readonly CellText[])[]): Promise<void>
  /** To stderr. */
  note(text: string): void
  /** Redraws the last line of stderr; nothing unless `isLive`. */
  live(text: string): void
  /** Ends the live line. */
  liveDone(): void
  error(error: unknown): void
}

/** Ends the process quietly when the reader of stdout is gone. */
function endOnBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

export function createOutput(options: { readonly json: boolean }): Output {
  const { stdout, stderr } = process
  endOnBrokenPipe(stdout)
  endOnBrokenPipe(stderr)
  let isDrawn = false
  const clear = (): void => {
    if (isDrawn) stderr.write('\r\u001b[K')
    isDrawn = false
  }
  const output: Output = {
    json: options.json,
    isLive: stderr.isTTY && process.env['TERM'] !== 'dumb',
    async data(value, human) {
      clear()
      if (options.json) stdout.write(`${JSON.stringify(value, null, 2)}\n`)
      else await human()
    },
    line(text = '') {
      clear()
      stdout.write(`${text}\n`)
    },
    drained() {
      if (!stdout.writableNeedDrain) return Promise.resolve()
      return new Promise((resolve) => stdout.once('drain', () => resolve()))
    },
    jsonLine(value) {
      stdout.write(`${JSON.stringify(value)}\n`)
    },
    async table(head, rows) {
      clear()
      stdout.write(`${await plainTable(head, rows)}\n`)
    },
    note(text) {
      clear()
      stderr.write(`${text}\n`)
    },
    live(text) {
      if (!output.isLive) return
      const width = Math.max((stderr.columns || 80) - 1, 20)
      stderr.write(`\r\u001b[K${text.slice(0, width)}`)
      isDrawn = true
    },
    liveDone() {
      if (isDrawn) stderr.write('\n')
      isDrawn = false
    },
    error(error) {
      clear()
      stderr.write(`${options.json ? errorJson(error) : errorText(error)}\n`)
    },
  }
  return output
}

/** Columns side by side, without frames or colours: easy to read, easy to cut. */
async function plainTable(
  head: readonly string[],
  rows: readonly (readonly CellText[])[],
): Promise<string> {
  const { default: stringWidth } = await import('string-width')
  // Most cells are plain ASCII, whose width is their length; the library is right for all others, and slow.
  const widthOf = (text: string): number =>
    /^[ -~]*$/.test(text) ? text.length : stringWidth(text)
  const lines = [head.map(cellText), ...rows.map((row) => row.map(cellText))]
  const columns = head.map((_name, column) => ({
    width: lines.reduce((widest, cells) => Math.max(widest, widthOf(cells[column] ?? '')), 0),
    isNumber: rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  }))
  const cell = (text: string, { width, isNumber }: (typeof columns)[number]): string => {
    const space = ' '.repeat(width - widthOf(text))
    return isNumber ? space + text : text + space
  }
  return lines
    .map((cells) =>
      columns
        .map((column, at) => cell(cells[at] ?? '', column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Control characters of a user's data must not drive the terminal. */
export function cellText(value: CellText): string {
  if (value === null || value === undefined) return '-'
  // oxlint-disable-next-line no-control-regex -- they are what is escaped
  return String(value).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (char) =>
    JSON.stringify(char).slice(1, -1),
  )
}

function errorText(error: unknown): string {
  if (!isMillraceError(error)) {
    return `millrace: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
  const issues = error.details['issues']
  const lines = Array.isArray(issues)
    ? (issues as { path: string; message: string }[])
        .slice(0, 20)
        .map(({ path, message }) => `${path === '' ? '(whole)' : path}: ${message}`)
        .filter((line) => !error.message.includes(line))
        .map((line) => `  ${line}`)
    : []
  return [`millrace: ${error.message}`, ...lines].join('\n')
}

function errorJson(error: unknown): string {
  if (!isMillraceError(error)) {
    const detail = error instanceof Error ? error.message : String(error)
    return JSON.stringify({ code: 'CLI_INTERNAL', detail })
  }
  const { issues, ...details } = error.details
  return JSON.stringify({
    code: error.code,
    detail: error.message,
    ...(issues === undefined ? {} : { errors: issues }),
    ...details,
  })
}
