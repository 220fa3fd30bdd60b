/** A broker in a process of its own, as Apache Kafka is: `broker-child.ts <folder>` prints the port that it listens on. */
import { openBroker } from '../src/broker/index.ts'
import { openLog } from '../src/log/index.ts'

const log = await openLog({ dir: process.argv[2]!, cleanIntervalMs: 0 })
const broker = await openBroker({ log, port: 0 })
console.log(broker.port)
process.once('SIGTERM', () => {
  void broker.close().then(() => log.close())
})
