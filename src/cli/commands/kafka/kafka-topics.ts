import { defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { pairs, toolOptions, type ToolFlags } from '../../kafka/tool-broker.ts'
import { integer } from '../../option-values.ts'
import type { Output } from '../../output.ts'
import type { Log, TopicConfig } from '../../../log/index.ts'

interface TopicsFlags extends ToolFlags {
  readonly list?: boolean
  readonly describe?: boolean
  readonly create?: boolean
  readonly delete?: boolean
  readonly alter?: boolean
  readonly topic?: string
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly config?: readonly string[]
  readonly ifNotExists?: boolean
  readonly ifExists?: boolean
  readonly excludeInternal?: boolean
}

export const kafkaTopics = defineCommand<TopicsFlags>({
  name: 'kafka-topics',
  summary: "topics, by the command line of Kafka's own tool",
  options: [
    { flags: '--list', description: 'print the names' },
    { flags: '--describe', description: 'print partitions with leader, replicas and in-sync ones' },
    { flags: '--create', description: 'create --topic' },
    { flags: '--delete', description: 'delete --topic and its records, without asking' },
    { flags: '--alter', description: 'give --topic more partitions, --partitions in all' },
    { flags: '--topic <topic>', description: 'name' },
    { flags: '--partitions <n>', description: 'default 1', parse: integer(1, 1_000) },
    {
      flags: '--replication-factor <n>',
      description: 'Millrace keeps one copy; of a cluster, KAFKA_REPLICATION_FACTOR',
      parse: integer(1, 32_767),
    },
    {
      flags: '--config <name=value>',
      description: 'cleanup.policy, retention.ms, retention.bytes, segment.bytes',
      repeats: true,
    },
    { flags: '--if-not-exists', description: 'with --create: no error when it is there' },
    {
      flags: '--if-exists',
      description: 'with --alter, --delete, --describe: no error when it is not',
    },
    { flags: '--exclude-internal', description: "leave out Millrace's own topics" },
    ...toolOptions,
  ],
  examples: [
    'millrace kafka-topics --create --zookeeper localhost:2181 --replication-factor 1 --partitions 2 --topic test',
    'millrace kafka-topics --describe --topic test --bootstrap-server localhost:9092',
    'millrace kafka-topics --list',
  ],
  async run({ options }, tools) {
    const actions = ACTIONS.filter((action) => options[action])
    const [action] = actions
    if (action === undefined || actions.length > 1) {
      throw cliError('CLI_USAGE', 'say one of --list, --describe, --create, --alter, --delete')
    }
    if (options.topic === undefined && action !== 'list' && action !== 'describe') {
      throw cliError('CLI_USAGE', `say which: --${action} --topic <topic>`)
    }
    if (action === 'alter' && (options.partitions === undefined || options.config !== undefined)) {
      const how = 'of a topic only --partitions <n> can be altered here: name more than it has'
      throw cliError('CLI_USAGE', how)
    }
    const { attachTool } = await import('../../kafka/tool-broker.ts')
    const { replicationFactor: copies } = options
    const properties: Record<string, string> =
      copies === undefined ? {} : { 'replication.factor': String(copies) }
    const log = await attachTool(options, tools, properties)
    try {
      await run[action](log, options, tools.output)
    } finally {
      await log.close()
    }
  },
})

const ACTIONS = ['list', 'describe', 'create', 'alter', 'delete'] as const

type Action = (log: Log, flags: TopicsFlags, output: Output) => Promise<void>

const run: Readonly<Record<(typeof ACTIONS)[number], Action>> = {
  async list(log, flags, output) {
    for (const { name } of await wanted(log, flags)) output.line(name)
  },

  async describe(log, flags, output) {
    const { topicLines } = await import('../../kafka/tool-text.ts')
    const topics = await wanted(log, flags)
    if (topics.length === 0 && flags.topic !== undefined && !flags.ifExists) throw missing(flags)
    for (const topic of topics) for (const line of topicLines(topic)) output.line(line)
  },

  async create(log, flags, output) {
    const { topic: name = '', partitions, ifNotExists } = flags
    const isThere = (await log.topics()).some((one) => one.name === name)
    if (isThere && ifNotExists) return
    if (isThere) {
      throw cliError('CLI_REFUSED', `topic '${name}' already exists: add --if-not-exists to go on`)
    }
    const config = topicConfig(flags.config)
    await log.createTopic({
      name,
      ...(partitions === undefined ? {} : { partitions }),
      ...(config === undefined ? {} : { config }),
    })
    output.line(`Created topic ${name}.`)
  },

  async alter(log, flags) {
    const { topic: name = '', partitions = 0, ifExists } = flags
    const isThere = (await log.topics()).some((one) => one.name === name)
    if (!isThere && ifExists) return
    if (!isThere) throw missing(flags)
    // Nothing is printed on success, as by Kafka's tool.
    await log.addPartitions(name, partitions)
  },

  async delete(log, flags, output) {
    const { topic: name = '', ifExists } = flags
    const isThere = (await log.topics()).some((one) => one.name === name)
    if (!isThere && ifExists) return
    if (!isThere) throw missing(flags)
    await log.deleteTopic(name)
    output.line(`Topic ${name} is deleted.`)
  },
}

async function wanted(log: Log, { topic, excludeInternal }: TopicsFlags) {
  const { isInternalTopic } = await import('../../../core/index.ts')
  return (await log.topics()).filter(
    ({ name }) =>
      (topic === undefined || name === topic) && !(excludeInternal && isInternalTopic(name)),
  )
}

const missing = ({ topic }: TopicsFlags): Error =>
  cliError('CLI_REFUSED', `topic '${topic}' does not exist: --list prints those that do`)

/** Topic settings of Kafka that the log has too. */
function topicConfig(texts: readonly string[] | undefined): Partial<TopicConfig> | undefined {
  if (texts === undefined) return undefined
  const config: { -readonly [Name in keyof TopicConfig]?: TopicConfig[Name] } = {}
  for (const [name, value] of Object.entries(pairs(texts))) {
    const number = /^-?\d+$/.test(value) ? Number(value) : undefined
    if (name === 'cleanup.policy' && (value === 'delete' || value === 'compact')) {
      config.cleanup = value
    } else if (name === 'retention.ms' && number !== undefined) config.retentionMs = number
    else if (name === 'retention.bytes' && number !== undefined) config.retentionBytes = number
    else if (name === 'segment.bytes' && number !== undefined) config.segmentBytes = number
    else {
      throw cliError(
        'CLI_USAGE',
        `--config ${name}=${value} is not kept here: use cleanup.policy=delete or compact, retention.ms, retention.bytes, segment.bytes`,
      )
    }
  }
  return config
}
