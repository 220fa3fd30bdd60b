/** The Kafka port of an app: clients produce to its topics and consume them, as over a broker. */
import {
  openBroker,
  type Broker,
  type BrokerAddress,
  type TopicContracts,
} from '../../broker/index.ts'
import { deadLetterTopic, isMillraceError } from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import type { AppDefinition } from '../define-app.ts'
import type { Setting } from './setting.ts'

export interface AppBroker {
  readonly broker: Broker | undefined
  readonly warnings: readonly string[]
}

/**
 * Opens the port once the declared topics are there. Throws BROKER_PORT_IN_USE, BROKER_NOT_LOOPBACK and, on a log that is
 * a client of other brokers, BROKER_NO_STORED_BATCHES; an `optional` broker is left out then, with a warning for the port.
 */
export async function openAppBroker(setting: Setting, log: Log): Promise<AppBroker> {
  const { app, options, roles, clock, logger, metrics, closers } = setting
  const wanted = options.broker ?? false
  if (wanted === false || !roles.has('broker')) return { broker: undefined, warnings: [] }
  const { optional = false, ...place } = wanted
  if (optional && log.wire === undefined) return { broker: undefined, warnings: [] }
  try {
    // Beside a broker alone the app runs in other processes, which keep its topics and dead letters as clients.
    const contracts = roles.has('ingest') || roles.has('sink') ? contractsOf(app) : {}
    const broker = await openBroker({ ...place, log, clock, logger, metrics, contracts })
    closers.add('broker', () => broker.close())
    return { broker, warnings: broker.addresses.flatMap(remoteWarning) }
  } catch (error) {
    if (!optional || !isMillraceError(error, 'BROKER_PORT_IN_USE')) throw error
    return { broker: undefined, warnings: [`no Kafka clients: ${error.message}`] }
  }
}

const remoteWarning = ({ host, port, isRemote }: BrokerAddress): string[] =>
  isRemote
    ? [
        `other machines reach the Kafka port ${host}:${port}, and nobody has to prove who they are: keep it inside a network that you trust`,
      ]
    : []

/**
 * The app's topics are as it declares them; what its sinks refused stays as it is, or its ledger would not add up. Topics and
 * letters of apps that keep their events here from other processes are theirs.
 */
function contractsOf({ topics, streams = {} }: AppDefinition): TopicContracts {
  const letters = new Set([...Object.keys(topics), ...Object.keys(streams)].map(deadLetterTopic))
  return {
    refuseProduce: (topic) => {
      if (letters.has(topic)) {
        return `topic "${topic}" holds dead letters: send the record to its own topic again`
      }
      const stream = Object.hasOwn(streams, topic) ? streams[topic] : undefined
      return (
        stream && `topic "${topic}" holds what a stream makes of "${stream.from}": send it there`
      )
    },
    refuseChange: (topic) =>
      Object.hasOwn(topics, topic) || letters.has(topic)
        ? `topic "${topic}" belongs to the app: change its definition`
        : undefined,
  }
}
