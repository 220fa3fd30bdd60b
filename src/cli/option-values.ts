/** Parsers of option values; each says what it takes. */
import { isMillraceError, parseDuration, parseMoment, quote } from '../core/index.ts'
import { cliError } from './errors.ts'

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`
    throw cliError('CLI_USAGE', `${quote(text)} is not a whole number of ${range}`)
  }
}

export function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw cliError('CLI_USAGE', `${quote(text)} is not a number from ${min} to ${max}`)
  }
}

export function oneOf(...choices: readonly string[]): (text: string) => string {
  return (text) => {
    if (choices.includes(text)) return text
    throw cliError('CLI_USAGE', `${quote(text)} is not one of ${choices.join(', ')}`)
  }
}

/** `200`, `200/s`: events a second; `unlimited` and `0` are as fast as it goes. */
export function rate(text: string): number {
  if (text === 'unlimited') return 0
  const match = /^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text)
  if (match) return Number(match[1])
  throw cliError('CLI_USAGE', `${quote(text)} is not a rate: write 200, 200/s or unlimited`)
}

/** `1s`, `250ms`; a plain number is milliseconds, and `0` no pause. */
export function pause(text: string): number {
  const ms = /^\d{1,8}$/.test(text) ? Number(text) : durationOf(text)
  if (ms !== undefined && ms <= 86_400_000) return ms
  throw cliError('CLI_USAGE', `${quote(text)} is no pause: write 1s, 250ms, or 0, at most a day`)
}

/** A length of time: `14d`, `24h`. */
export function duration(text: string): string {
  if ((durationOf(text) ?? 0) > 0) return text
  throw cliError(
    'CLI_USAGE',
    `${quote(text)} is no length of time: write for example 30s, 24h or 14d`,
  )
}

/** A date, which is its midnight in UTC, or a time with its zone. */
export function moment(text: string): string {
  parseMoment(text)
  return text
}

function durationOf(text: string): number | undefined {
  try {
    return parseDuration(text)
  } catch {
    return undefined
  }
}

/** `3600`, `3600x`: so much faster than the events came. */
export const speed = (text: string): number => number(0.001, 1e12)(text.replace(/x$/, ''))

/** `true`, `false`, or a list of names. */
export function header(text: string): boolean | readonly string[] {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.split(',').map((name) => name.trim())
}

/** Names with commas between them. */
export const names = (text: string): readonly string[] => text.split(',').map((name) => name.trim())

/** A delimiter as it is typed: `\t` and `tab` are a tabulator. */
export const delimiter = (text: string): string =>
  text === 'tab' || text === String.raw`\t` ? '\t' : text

/** A text of so many parts with colons between them. */
export function parts(count: number): (text: string) => string {
  return (text) => {
    const found = text.split(':')
    if (found.length >= count && found.every((part) => part !== '')) return text
    throw cliError('CLI_USAGE', `${quote(text)} has not the ${count} parts with ":" between them`)
  }
}

/** A variable of the environment, read as an option; its name is in what it is refused with. */
export function fromEnvironment<T>(name: string, parse: (text: string) => T): T | undefined {
  const text = process.env[name] ?? ''
  if (text === '') return undefined
  try {
    return parse(text)
  } catch (error) {
    throw isMillraceError(error) ? cliError('CLI_USAGE', `${name}: ${error.message}`) : error
  }
}

/** Where an instance answers. */
export function address(text: string): string {
  const { protocol } = URL.canParse(text) ? new URL(text) : { protocol: '' }
  if (protocol === 'http:' || protocol === 'https:') return text.replace(/\/+$/, '')
  throw cliError(
    'CLI_USAGE',
    `${quote(text)} is not an address: write one such as http://127.0.0.1:8080`,
  )
}
