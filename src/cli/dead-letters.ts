/** What the commands of dead letters share: walking through them, and a fix that a person wrote. */
import type { LetterAnswer, RecordsAnswer } from '../api/index.ts'
import { path, query, type ApiClient } from './api-client.ts'
import { cliError } from './errors.ts'
import type { OptionSpec } from './command.ts'
import { userPath } from './instance.ts'
import { integer } from './option-values.ts'

export interface Letter extends LetterAnswer {
  readonly id: number
  readonly state: 'open' | 'retried' | 'dropped'
  readonly deadLetter: NonNullable<LetterAnswer['deadLetter']>
}

export interface LetterFilter {
  /** Only these; default all. */
  readonly ids?: readonly number[]
  readonly state?: Letter['state']
  /** Reason code. */
  readonly code?: string
}

/** Which letters `retry` and `drop` take, as options of the command line. */
export interface OpenLetterOptions {
  readonly id?: readonly number[]
  readonly code?: string
}

export const openLetterOptions: readonly OptionSpec[] = [
  { flags: '--id <n>', description: 'only this one', parse: integer(0), repeats: true },
  { flags: '--code <code>', description: 'only those with this reason code' },
]

export const openLetters = ({ id: ids, code }: OpenLetterOptions): LetterFilter => ({
  state: 'open',
  ...(code !== undefined && { code }),
  ...(ids !== undefined && ids.length > 0 && { ids }),
})

const PAGE = 1_000

/** The letters of a topic in their order. */
export async function* lettersOf(
  api: ApiClient,
  topic: string,
  filter: LetterFilter = {},
): AsyncGenerator<Letter> {
  const wanted = filter.ids && new Set(filter.ids)
  let offset: number | undefined
  for (;;) {
    const route = path`/v1/topics/${topic}/dead-letters` + query({ offset, limit: PAGE })
    const page = await api.get<RecordsAnswer & { records: LetterAnswer[] }>(route)
    for (const letter of page.records.filter(isLetter)) {
      if (wanted?.has(letter.id) === false) continue
      if (filter.state !== undefined && letter.state !== filter.state) continue
      if (filter.code !== undefined && letter.deadLetter.code !== filter.code) continue
      yield letter
    }
    if (page.next >= page.end) return
    offset = page.next
  }
}

export function isLetter(letter: LetterAnswer): letter is Letter {
  return letter.id !== undefined && letter.state !== undefined && letter.deadLetter !== undefined
}

/** The letter's value as it came: JSON and text as text, other bytes as base64. */
export function valueText({ value, valueEncoding }: LetterAnswer): string {
  return valueEncoding === 'json' ? JSON.stringify(value) : String(value)
}

/** What `--fix` names: the default export of a file gets the event and its letter, and gives the event to send. */
export type Fix = (event: unknown, letter: Letter) => unknown

export async function loadFix(file: string): Promise<Fix> {
  const { createJiti } = await import('jiti')
  const full = userPath(file)
  let module: { default?: unknown }
  try {
    module = await createJiti(full).import(full)
  } catch (error) {
    throw cliError('CLI_USAGE', `${file} cannot be loaded: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const fix = module.default
  if (typeof fix === 'function') return (event, letter) => (fix as Fix)(event, letter)
  throw cliError(
    'CLI_USAGE',
    `${file} has no fix: write "export default (event, letter) => ({ ...event, … })" in it`,
  )
}
