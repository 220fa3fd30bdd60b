import type { ReceiveAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { oneOf, integer, rate } from '../../option-values.ts'

interface DemoOptions {
  readonly topic: string
  readonly rate: number
  readonly max?: number
}

/** The message that every streaming course begins with. */
const HELLO = 'Hello, World!'
/** A server that is not there yet, or full, is asked again after so long, milliseconds. */
const RETRY_MS = 1_000

export const runDemo = defineCommand<DemoOptions>({
  name: 'demo',
  summary: 'send "Hello, World!" with the time, again and again',
  arguments: [{ name: '<demo>', description: 'hello' }],
  options: [
    {
      flags: '--topic <topic>',
      description: 'where to; made on first use',
      default: 'test-topic',
    },
    { flags: '--rate <n/s>', description: 'messages a second', parse: rate, default: 2 },
    { flags: '--max <n>', description: 'stop after so many', parse: integer(1) },
  ],
  examples: ['millrace demo hello', 'millrace demo hello --topic greetings --rate 10/s --max 20'],
  async run({ args, options }, { output, connect, signal }) {
    oneOf('hello')(argument(args, 0))
    const [{ createPacer }, { isMillraceError, systemClock }] = await Promise.all([
      import('../../../app/index.ts'),
      import('../../../core/index.ts'),
    ])
    const api = await connect('change')
    const route = path`/v1/topics/${options.topic}/events`
    const pacer = createPacer({ rate: options.rate })
    output.note(`"${HELLO}" goes to ${options.topic}; Ctrl-C ends it`)
    let sent = 0
    while (sent < (options.max ?? Number.POSITIVE_INFINITY)) {
      const pause = pacer.next(systemClock.monotonic()) - systemClock.monotonic()
      if (pause > 0) await systemClock.sleep(pause, signal)
      const body = JSON.stringify({ time: systemClock.now(), msg: HELLO })
      try {
        const headers = { 'content-type': 'application/json' }
        await api.send({ method: 'POST', path: route, headers, body, signal })
        sent += 1
      } catch (error) {
        if (!isMillraceError(error) || !error.retryable) throw error
        output.note(`${error.message}; trying again`)
        await systemClock.sleep(RETRY_MS, signal)
      }
    }
    const result: Pick<ReceiveAnswer, 'accepted'> = { accepted: sent }
    await output.data(result, () => output.line(`${sent} messages to ${options.topic}`))
  },
})
