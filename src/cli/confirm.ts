import { createInterface } from 'node:readline/promises'
import { cliError } from './errors.ts'

/** Asks on the terminal. Throws CLI_USAGE when the answer is no, or when nobody can be asked. */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw cliError('CLI_USAGE', `${question} Nobody can be asked here: add --yes`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    terminal.close()
  }
  throw cliError('CLI_USAGE', 'nothing was changed')
}
