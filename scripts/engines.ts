/**
 * Real engines without Docker. `up [brokers]` starts Apache Kafka on free loopback ports and keeps it until Ctrl-C; `test`
 * runs `test/engines/` on it, within `TEST_LIMIT_MS`; `spark` gets the jars for its test of Spark's Kafka source (280 MB). Without Java, or where Maven cannot reach its registry, both say so;
 * `test` then ends with 0, as a skip.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startKafka } from '../test/engines/kafka-cluster.ts'
import { getSparkJars, missingForKafka } from '../test/engines/kafka-jars.ts'

/** A landing waits for these tests: a run that hangs is a failure after so long. */
const TEST_LIMIT_MS = 16 * 60_000

const [command = 'up', ...rest] = process.argv.slice(2)
const missing = missingForKafka()

if (missing !== undefined) {
  const what = command === 'test' ? 'the engine tests were skipped' : 'Apache Kafka cannot start'
  console.error(`${what}: ${missing}`)
  process.exitCode = command === 'test' ? 0 : 1
} else if (command === 'test') {
  process.exitCode = await runTests(rest)
} else if (command === 'spark') {
  console.log(`Spark's Kafka source is in ${getSparkJars()}`)
} else {
  const cluster = await startKafka({ brokers: Number(rest[0] ?? 1) })
  console.log(`Apache Kafka serves on ${cluster.bootstrap}. Ctrl-C ends it and removes its data.`)
  const end = (): void => void cluster.close().then(() => process.exit(0))
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  setInterval(() => {}, 60_000)
}

/** The runner leads a process group of its own, so that its brokers end with it however it ends. */
function runTests(args: readonly string[]): Promise<number> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.engines.config.ts']
  const options = { cwd: root, stdio: 'inherit', detached: true } as const
  const runner = spawn(process.execPath, [...vitest, ...args], options)
  const endGroup = (): void => {
    try {
      if (runner.pid !== undefined) process.kill(-runner.pid, 'SIGKILL')
    } catch {
      // Nothing of the group is left, which is what was wanted.
    }
  }
  const timer = setTimeout(() => {
    console.error(`the engine tests did not end within ${TEST_LIMIT_MS / 60_000} minutes`)
    endGroup()
  }, TEST_LIMIT_MS)
  process.once('SIGINT', endGroup)
  process.once('SIGTERM', endGroup)
  return new Promise((resolve, reject) => {
    runner.once('error', reject)
    runner.once('exit', (code) => {
      clearTimeout(timer)
      endGroup()
      resolve(code ?? 1)
    })
  })
}
