import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { integer } from '../../option-values.ts'

interface ResetOptions {
  readonly topic: string
  readonly partition?: number
  readonly toEarliest?: boolean
  readonly toLatest?: boolean
  readonly toOffset?: number
  readonly toDatetime?: string
  readonly dryRun?: boolean
}

export const resetGroup = defineCommand<ResetOptions>({
  name: 'groups reset',
  summary: 'set where a group reads next',
  arguments: [{ name: '<group>', description: 'name; it must have no members' }],
  options: [
    { flags: '--topic <topic>', description: 'topic (required)' },
    { flags: '--partition <n>', description: 'one partition (default: all)', parse: integer(0) },
    { flags: '--to-earliest', description: 'to the first record' },
    { flags: '--to-latest', description: 'to the end' },
    { flags: '--to-offset <n>', description: 'to an offset', parse: integer(0) },
    { flags: '--to-datetime <time>', description: 'to the first record of a time (ISO 8601)' },
    { flags: '--dry-run', description: 'only say what would be set' },
  ],
  examples: ['millrace groups reset reports --topic ratings --to-earliest'],
  async run({ args, options }, { output, connect }) {
    const to = targetOf(options)
    if (options.topic === undefined) throw cliError('CLI_USAGE', 'say which topic: --topic <topic>')
    const api = await connect('change')
    const { offsets, dryRun } = await api.post<{
      offsets: { topic: string; partition: number; offset: number }[]
      dryRun: boolean
    }>(path`/v1/groups/${argument(args, 0)}/reset`, {
      topic: options.topic,
      partition: options.partition,
      to,
      dryRun: options.dryRun,
    })
    await output.data({ dryRun, offsets }, async () => {
      await output.table(
        ['TOPIC', 'PARTITION', 'NEW-OFFSET'],
        offsets.map((one) => [one.topic, one.partition, one.offset]),
      )
      if (dryRun) output.note('nothing was changed (--dry-run)')
    })
  },
})

function targetOf(options: ResetOptions): Record<string, unknown> {
  const targets = [
    options.toEarliest ? { at: 'earliest' } : undefined,
    options.toLatest ? { at: 'latest' } : undefined,
    options.toOffset === undefined ? undefined : { at: 'offset', offset: options.toOffset },
    options.toDatetime === undefined ? undefined : { at: 'time', time: options.toDatetime },
  ].filter((target) => target !== undefined)
  const [target] = targets
  if (target && targets.length === 1) return target
  throw cliError(
    'CLI_USAGE',
    'say where to, once: --to-earliest, --to-latest, --to-offset <n> or --to-datetime <time>',
  )
}
