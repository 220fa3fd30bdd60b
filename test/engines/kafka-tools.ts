/** The command-line tools of Apache Kafka, as its scripts run them. */
import { kafkaClassPath } from './kafka-jars.ts'
import { runProgram } from './run-program.ts'

const TOOLS = {
  'kafka-acls': 'org.apache.kafka.tools.AclCommand',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
} as const

export type KafkaTool = keyof typeof TOOLS

const QUICK_JVM = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** The command and arguments that start a tool. */
export const toolLine = (
  tool: KafkaTool,
  args: readonly string[],
  jvm: readonly string[] = QUICK_JVM,
): [command: string, args: string[]] => [
  'java',
  [...jvm, '-cp', kafkaClassPath(), TOOLS[tool], ...args],
]

/** Runs a tool to its end; its standard output. Rejects with what it said unless it ended with 0. */
export function kafkaTool(
  tool: KafkaTool,
  args: readonly string[],
  input = '',
  jvm: readonly string[] = QUICK_JVM,
): Promise<string> {
  return runProgram(`${tool} ${args.join(' ')}`, ...toolLine(tool, args, jvm), input)
}
