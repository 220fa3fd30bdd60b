/** Apache Kafka from Maven into `.engines/`, once. Nothing else is downloaded and nothing is installed. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Newer ones are listed in the registry and lack some of their jars. */
export const KAFKA = '4.3.1'
const LOG4J = '2.25.3'
/** A registry that does not answer must not take the time of the tests. */
const MAVEN_LIMIT_MS = 180_000
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(
  process.env['MILLRACE_ENGINES'] ?? join(root, '.engines'),
  `kafka-${KAFKA}-with-tools`,
)
const jars = join(folder, 'lib')

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>${LOG4J}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>${LOG4J}</version></dependency>
  </dependencies>
</project>
`

const runs = (command: string, args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Why Apache Kafka cannot run here and what to do, as a sentence; undefined when it can. Gets the jars if need be. */
export function missingForKafka(): string | undefined {
  if (!runs('java', ['-version'])) {
    return 'there is no "java" on the path: install Java 17 or newer'
  }
  if (existsSync(jars)) return undefined
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
export function kafkaClassPath(): string {
  if (existsSync(jars)) return join(jars, '*')
  const part = `${folder}.${process.pid}`
  mkdirSync(part, { recursive: true })
  writeFileSync(join(part, 'pom.xml'), POM)
  const args = ['-B', '-q', COPY, '-DoutputDirectory=lib', '-DincludeScope=runtime']
  const options = { cwd: part, encoding: 'utf8', timeout: MAVEN_LIMIT_MS } as const
  const { status, stdout, stderr } = spawnSync('mvn', args, options)
  if (status !== 0) {
    rmSync(part, { recursive: true, force: true })
    throw new Error(`Maven could not get Apache Kafka ${KAFKA}:\n${stdout}${stderr}`)
  }
  // Two processes may have begun at the same time: the first rename wins.
  if (existsSync(jars)) rmSync(part, { recursive: true, force: true })
  else renameSync(part, folder)
  return join(jars, '*')
}
