/** The log of `millrace start`, on stderr: lines for people on a terminal, JSON elsewhere. */
import type { Logger } from '../core/index.ts'
import { oneOf } from './option-values.ts'

/** Lines are written so many bytes at a time, at the latest after so many milliseconds: a write for each call takes as long as its check. */
const TOGETHER = { minLength: 4_096, periodicFlush: 100 }

export async function createConsoleLogger(level: string | undefined): Promise<Logger> {
  const { pino } = await import('pino')
  const isTerminal = process.stderr.isTTY
  const options = { level: level ?? environmentLevel() ?? (isTerminal ? 'warn' : 'info') }
  if (!isTerminal) {
    const logger: Logger = pino(options, pino.destination({ dest: 2, sync: false, ...TOGETHER }))
    return logger
  }
  const { default: pretty } = await import('pino-pretty')
  const colorize = process.env['NO_COLOR'] === undefined
  const stream = pretty({ destination: 2, sync: true, colorize, ignore: 'pid,hostname' })
  const logger: Logger = pino(options, stream)
  return logger
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function environmentLevel(): string | undefined {
  const level = process.env['LOG_LEVEL']
  return level === undefined || level === '' ? undefined : oneOf(...LEVELS)(level)
}
