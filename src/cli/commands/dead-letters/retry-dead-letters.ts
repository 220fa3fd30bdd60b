import { isMillraceError } from '../../../core/index.ts'
import { path, type ApiClient } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import {
  lettersOf,
  loadFix,
  openLetterOptions,
  openLetters,
  type Fix,
  type Letter,
  type OpenLetterOptions,
} from '../../dead-letters.ts'
import { cliError } from '../../errors.ts'

interface RetryOptions extends OpenLetterOptions {
  readonly fix?: string
}

export const retryDeadLetters = defineCommand<RetryOptions>({
  name: 'dead-letters retry',
  summary: 'send open dead letters again, each landing once',
  arguments: [{ name: '<topic>', description: 'topic whose events they were' }],
  options: [
    ...openLetterOptions,
    {
      flags: '--fix <file>',
      description: 'file whose default export mends the event: (event, letter) => event',
    },
  ],
  examples: [
    'millrace dead-letters retry ratings --fix fix.ts',
    'millrace dead-letters retry ratings --id 3 --id 4',
  ],
  async run({ args, options }, { output, connect }) {
    const topic = argument(args, 0)
    const fix = options.fix === undefined ? undefined : await loadFix(options.fix)
    const api = await connect('change')
    const retried: number[] = []
    const failed: { id: number; reason: string }[] = []
    for await (const letter of lettersOf(api, topic, openLetters(options))) {
      const reason = await retry(api, topic, letter, fix)
      if (reason === undefined) retried.push(letter.id)
      else failed.push({ id: letter.id, reason })
      output.live(`${retried.length} retried, ${failed.length} still bad`)
    }
    await output.data({ retried, failed }, () => {
      for (const { id, reason } of failed) output.note(`${id}: ${reason}`)
      output.line(`${retried.length} retried, ${failed.length} still bad`)
    })
    if (failed.length > 0) {
      throw cliError(
        'CLI_REFUSED',
        `${failed.length} of ${failed.length + retried.length} letters stay open: mend them with --fix, or drop them`,
      )
    }
  },
})

/** Undefined when it landed, else why not. What is not about this letter is thrown. */
async function retry(
  api: ApiClient,
  topic: string,
  letter: Letter,
  fix: Fix | undefined,
): Promise<string | undefined> {
  const route = path`/v1/topics/${topic}/dead-letters/${letter.id}/retry`
  try {
    await api.post(route, fix && (await fix(letter.value, letter)))
    return undefined
  } catch (error) {
    if (!isMillraceError(error) || !error.code.startsWith('INGEST_')) throw error
    return error.message
  }
}
