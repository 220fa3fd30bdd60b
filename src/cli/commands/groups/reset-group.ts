import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { bootstrapOption, type BootstrapFlag } from '../../kafka/bootstrap-option.ts'
import type { ResetOffset, ResetTarget } from '../../kafka/broker-topics.ts'
import { integer } from '../../option-values.ts'

interface ResetOptions extends BootstrapFlag {
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
    bootstrapOption,
  ],
  examples: ['millrace groups reset reports --topic ratings --to-earliest'],
  async run({ args, options }, { output, connect, attach }) {
    const to = targetOf(options)
    const { topic, partition, bootstrapServer, dryRun = false } = options
    if (topic === undefined) throw cliError('CLI_USAGE', 'say which topic: --topic <topic>')
    const group = argument(args, 0)
    let offsets: readonly ResetOffset[]
    if (bootstrapServer === undefined) {
      const api = await connect('change')
      const route = path`/v1/groups/${group}/reset`
      const body = { topic, partition, to, dryRun }
      offsets = (await api.post<{ offsets: ResetOffset[] }>(route, body)).offsets
    } else {
      const { resetOffsets } = await import('../../kafka/broker-topics.ts')
      const log = await attach(bootstrapServer)
      const place = { group, topic, ...(partition === undefined ? {} : { partition }) }
      offsets = await resetOffsets(log, place, to)
      if (!dryRun) await log.resetGroup(group, offsets)
    }
    await output.data({ dryRun, offsets }, async () => {
      await output.table(
        ['TOPIC', 'PARTITION', 'NEW-OFFSET'],
        offsets.map((one) => [one.topic, one.partition, one.offset]),
      )
      if (dryRun) output.note('nothing was changed (--dry-run)')
    })
  },
})

function targetOf(options: ResetOptions): ResetTarget {
  const { toEarliest, toLatest, toOffset, toDatetime } = options
  const targets: ResetTarget[] = []
  if (toEarliest) targets.push({ at: 'earliest' })
  if (toLatest) targets.push({ at: 'latest' })
  if (toOffset !== undefined) targets.push({ at: 'offset', offset: toOffset })
  if (toDatetime !== undefined) targets.push({ at: 'time', time: toDatetime })
  const [target] = targets
  if (target && targets.length === 1) return target
  throw cliError(
    'CLI_USAGE',
    'say where to, once: --to-earliest, --to-latest, --to-offset <n> or --to-datetime <time>',
  )
}
