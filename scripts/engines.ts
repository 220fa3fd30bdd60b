/**
 * Real engines without Docker. `up [brokers]` starts Apache Kafka on free loopback ports and keeps it until Ctrl-C; `test`
 * runs `test/engines/` on it. Without Java and Maven both say so; `test` then ends with 0, as a skip.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startKafka } from '../test/engines/kafka-cluster.ts'
import { missingForKafka } from '../test/engines/kafka-jars.ts'

const [command = 'up', ...rest] = process.argv.slice(2)
const missing = missingForKafka()

if (missing !== undefined) {
  const what = command === 'test' ? 'the engine tests were skipped' : 'Apache Kafka cannot start'
  console.error(`${what}: ${missing}. Install Java 17 and Maven, then try again.`)
  process.exitCode = command === 'test' ? 0 : 1
} else if (command === 'test') {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.engines.config.ts']
  const { status } = spawnSync(process.execPath, [...vitest, ...rest], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else {
  const cluster = await startKafka({ brokers: Number(rest[0] ?? 1) })
  console.log(`Apache Kafka serves on ${cluster.bootstrap}. Ctrl-C ends it and removes its data.`)
  const end = (): void => void cluster.close().then(() => process.exit(0))
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  setInterval(() => {}, 60_000)
}
