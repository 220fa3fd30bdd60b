import type { GroupInfo, Log } from '../../../log/index.ts'
import { defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import type { ResetTarget } from '../../kafka/broker-topics.ts'
import { toolOptions, type ToolFlags } from '../../kafka/tool-broker.ts'
import { integer } from '../../option-values.ts'
import type { Output } from '../../output.ts'

interface GroupsFlags extends ToolFlags {
  readonly list?: boolean
  readonly describe?: boolean
  readonly delete?: boolean
  readonly resetOffsets?: boolean
  readonly group?: readonly string[]
  readonly allGroups?: boolean
  readonly members?: boolean
  readonly state?: boolean
  readonly topic?: string
  readonly toEarliest?: boolean
  readonly toLatest?: boolean
  readonly toOffset?: number
  readonly toDatetime?: string
  readonly shiftBy?: number
  readonly execute?: boolean
  readonly dryRun?: boolean
}

export const kafkaConsumerGroups = defineCommand<GroupsFlags>({
  name: 'kafka-consumer-groups',
  summary: "consumer groups, by the command line of Kafka's own tool",
  options: [
    { flags: '--list', description: 'print the names; with --state, whether they have members' },
    { flags: '--describe', description: 'print offsets, lag and owners of --group' },
    { flags: '--delete', description: 'delete --group, which must have no members' },
    { flags: '--reset-offsets', description: 'set where --group reads --topic next' },
    { flags: '--group <group>', description: 'name', repeats: true },
    { flags: '--all-groups', description: 'all of them' },
    { flags: '--members', description: 'with --describe: the members' },
    { flags: '--state', description: 'the state' },
    { flags: '--topic <topic>', description: 'with --reset-offsets: topic, or topic:partition' },
    { flags: '--to-earliest', description: 'to the first record' },
    { flags: '--to-latest', description: 'to the end' },
    { flags: '--to-offset <n>', description: 'to an offset', parse: integer(0) },
    { flags: '--to-datetime <time>', description: 'to the first record of a time (ISO 8601)' },
    { flags: '--shift-by <n>', description: 'forward, or back with a minus', parse: whole },
    { flags: '--execute', description: 'with --reset-offsets: do it (default: only print)' },
    { flags: '--dry-run', description: 'with --reset-offsets: only print' },
    { flags: '--new-consumer', description: 'of old lines: not used' },
    ...toolOptions,
  ],
  examples: [
    'millrace kafka-consumer-groups --bootstrap-server localhost:9092 --list',
    'millrace kafka-consumer-groups --describe --group Simple',
    'millrace kafka-consumer-groups --group Simple --topic test --reset-offsets --to-earliest --execute',
  ],
  async run({ options }, tools) {
    const actions = (['list', 'describe', 'delete', 'resetOffsets'] as const).filter(
      (action) => options[action],
    )
    const [action] = actions
    if (action === undefined || actions.length > 1) {
      throw cliError('CLI_USAGE', 'say one of --list, --describe, --delete, --reset-offsets')
    }
    if (action !== 'list' && options.group === undefined && !options.allGroups) {
      throw cliError('CLI_USAGE', 'say which: --group <group>, or --all-groups')
    }
    const target = action === 'resetOffsets' ? targetOf(options) : undefined
    const { attachTool } = await import('../../kafka/tool-broker.ts')
    const log = await attachTool(options, tools)
    try {
      if (action === 'list') await list(log, options, tools.output)
      else if (action === 'describe') await describe(log, options, tools.output)
      else if (target === undefined) await remove(log, options, tools.output)
      else await reset(log, options, target, tools.output)
    } finally {
      await log.close()
    }
  },
})

function whole(text: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  throw cliError('CLI_USAGE', `"${text}" is not a whole number`)
}

/** Throws CLI_REFUSED for a name that no group has. */
async function chosen(log: Log, { group: names, allGroups }: GroupsFlags): Promise<GroupInfo[]> {
  const all = await log.groups()
  if (allGroups || names === undefined) return [...all]
  return names.map((name) => {
    const found = all.find(({ group }) => group === name)
    if (found) return found
    throw cliError(
      'CLI_REFUSED',
      `consumer group '${name}' does not exist: --list prints those that do`,
    )
  })
}

async function list(log: Log, flags: GroupsFlags, output: Output): Promise<void> {
  const { stateLines } = await import('../../kafka/tool-text.ts')
  const groups = await log.groups()
  const lines = flags.state ? stateLines(groups) : groups.map(({ group }) => group)
  for (const line of lines) output.line(line)
}

async function describe(log: Log, flags: GroupsFlags, output: Output): Promise<void> {
  const { groupLines, memberLines, stateLines } = await import('../../kafka/tool-text.ts')
  const topics = new Map((await log.topics()).map(({ name, partitions }) => [name, partitions]))
  const end = (topic: string, partition: number): number | undefined =>
    topics.get(topic)?.[partition]?.end
  for (const group of await chosen(log, flags)) {
    output.line()
    if (group.members.length === 0) {
      output.note(`Consumer group '${group.group}' has no active members.`)
      output.line()
    }
    const asked = flags.state ? stateLines([group]) : groupLines(group, { end })
    for (const line of flags.members ? memberLines(group) : asked) output.line(line)
  }
}

async function remove(log: Log, flags: GroupsFlags, output: Output): Promise<void> {
  const groups = (await chosen(log, flags)).map(({ group }) => group)
  for (const group of groups) await log.deleteGroup(group)
  const names = groups.map((group) => `'${group}'`).join(', ')
  output.line(`Deletion of requested consumer groups (${names}) was successful.`)
}

async function reset(log: Log, flags: GroupsFlags, to: ResetTarget, output: Output): Promise<void> {
  const [name = ''] = flags.group ?? []
  const [, topic = '', partition] = /^(.+?)(?::(\d+))?$/.exec(flags.topic ?? '') ?? []
  const [{ resetOffsets }, { resetLines }] = await Promise.all([
    import('../../kafka/broker-topics.ts'),
    import('../../kafka/tool-text.ts'),
  ])
  const place = { group: name, topic }
  const one = partition === undefined ? {} : { partition: Number(partition) }
  const offsets = await resetOffsets(log, { ...place, ...one }, to)
  if (flags.execute) await log.resetGroup(name, offsets)
  else output.note('warning: nothing is changed: add --execute to set these offsets')
  output.line()
  for (const line of resetLines(name, offsets)) output.line(line)
}

function targetOf(flags: GroupsFlags): ResetTarget {
  if (flags.topic === undefined) throw cliError('CLI_USAGE', 'say which topic: --topic <topic>')
  if (flags.group?.length !== 1) throw cliError('CLI_USAGE', 'name one --group to reset')
  const { toEarliest, toLatest, toOffset, toDatetime, shiftBy } = flags
  const targets: ResetTarget[] = []
  if (toEarliest) targets.push({ at: 'earliest' })
  if (toLatest) targets.push({ at: 'latest' })
  if (toOffset !== undefined) targets.push({ at: 'offset', offset: toOffset })
  if (toDatetime !== undefined) targets.push({ at: 'time', time: toDatetime })
  if (shiftBy !== undefined) targets.push({ at: 'shift', by: shiftBy })
  const [target] = targets
  if (target && targets.length === 1) return target
  throw cliError(
    'CLI_USAGE',
    'say where to, once: --to-earliest, --to-latest, --to-offset, --to-datetime or --shift-by',
  )
}
