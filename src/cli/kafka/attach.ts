/** The log behind a broker, ours or Apache Kafka's: how commands of other processes attach to it. */
import { openLog, type Log } from '../../log/index.ts'
import { reachBroker } from './find-broker.ts'

/** Properties and `KAFKA_` variables as the Kafka driver takes them. Close the log when done. Throws CLI_NO_BROKER. */
export async function attach(
  bootstrap: string,
  properties: Readonly<Record<string, string>> = {},
): Promise<Log> {
  const protocol = properties['security.protocol'] ?? process.env['KAFKA_SECURITY_PROTOCOL'] ?? ''
  await reachBroker(bootstrap, !/SSL$/i.test(protocol))
  // The driver keeps nothing on this disk: the folder is never touched.
  return openLog({ driver: 'kafka', dir: '.', url: `kafka://${bootstrap}`, properties })
}
