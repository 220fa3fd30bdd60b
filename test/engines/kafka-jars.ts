/** Apache Kafka, and Spark's Kafka connector, from Maven into `.engines/`, once. Nothing else is downloaded or installed. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Newer ones are listed in the registry and lack some of their jars. */
export const KAFKA = '4.3.1'
const SPARK = '4.0.0'
const LOG4J = '2.25.3'
/** A registry that does not answer must not take the time of the tests. */
const MAVEN_LIMIT_MS = 180_000
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

const root = fileURLToPath(new URL('../..', import.meta.url))
const engines = process.env['MILLRACE_ENGINES'] ?? join(root, '.engines')

interface Jars {
  readonly name: string
  readonly folder: string
  /** `group:artifact:version` */
  readonly artifacts: readonly string[]
}

const kafkaJars: Jars = {
  name: `Apache Kafka ${KAFKA}`,
  folder: join(engines, `kafka-${KAFKA}-with-tools`),
  artifacts: [
    `org.apache.kafka:kafka_2.13:${KAFKA}`,
    `org.apache.kafka:kafka-tools:${KAFKA}`,
    `org.apache.logging.log4j:log4j-slf4j-impl:${LOG4J}`,
    `org.apache.logging.log4j:log4j-core:${LOG4J}`,
  ],
}
const sparkJars: Jars = {
  name: `Apache Spark ${SPARK}`,
  folder: join(engines, `spark-${SPARK}-kafka`),
  artifacts: [
    `org.apache.spark:spark-sql_2.13:${SPARK}`,
    `org.apache.spark:spark-sql-kafka-0-10_2.13:${SPARK}`,
  ],
}
const libOf = ({ folder }: Jars): string => join(folder, 'lib')

function pomOf({ artifacts }: Jars): string {
  const dependencies = artifacts.map((one) => {
    const [group, artifact, version] = one.split(':')
    const id = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId>`
    return `    <dependency>${id}<version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId><artifactId>engine</artifactId><version>1</version>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`
}

const runs = (command: string, args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Why Apache Kafka cannot run here and what to do, as a sentence; undefined when it can. Gets the jars if need be. */
export function missingForKafka(): string | undefined {
  if (!runs('java', ['-version'])) {
    return 'there is no "java" on the path: install Java 17 or newer'
  }
  if (existsSync(libOf(kafkaJars))) return undefined
  if (!runs('mvn', ['-v'])) return 'there is no "mvn" on the path: install Maven'
  try {
    kafkaClassPath()
    return undefined
  } catch (error) {
    // Maven says why in its first line, and then much more.
    const why = (error as Error).message.split('\n').slice(0, 2).join(' ')
    return `${why}: check that Maven reaches its registry`
  }
}

/** The class path of Apache Kafka; the first call needs Maven and takes some seconds. */
export const kafkaClassPath = (): string => getJars(kafkaJars)

/** Spark's connector is 280 MB: a run of the tests takes it if it is there. Undefined when it is not. */
export const sparkClassPath = (): string | undefined =>
  existsSync(libOf(sparkJars)) ? join(libOf(sparkJars), '*') : undefined

/** Needs Maven at the first call, and half a minute. */
export const getSparkJars = (): string => getJars(sparkJars)

function getJars(wanted: Jars): string {
  const jars = libOf(wanted)
  if (existsSync(jars)) return join(jars, '*')
  const part = `${wanted.folder}.${process.pid}`
  mkdirSync(part, { recursive: true })
  writeFileSync(join(part, 'pom.xml'), pomOf(wanted))
  const args = ['-B', '-q', COPY, '-DoutputDirectory=lib', '-DincludeScope=runtime']
  const options = { cwd: part, encoding: 'utf8', timeout: MAVEN_LIMIT_MS } as const
  const { status, stdout, stderr } = spawnSync('mvn', args, options)
  if (status !== 0) {
    rmSync(part, { recursive: true, force: true })
    throw new Error(`Maven could not get ${wanted.name}:\n${stdout}${stderr}`)
  }
  // Two processes may have begun at the same time: the first rename wins.
  if (existsSync(jars)) rmSync(part, { recursive: true, force: true })
  else renameSync(part, wanted.folder)
  return join(jars, '*')
}
