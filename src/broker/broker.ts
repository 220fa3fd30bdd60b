/**
 * The broker: the Kafka wire protocol in front of the embedded log, so that every Kafka client works against it. Which
 * versions and what is refused: SPEC.md.
 *
 * Guarantees, each held by a test of the same number in `broker.conformance.ts`:
 * - **B1 durable**: a Produce that was acknowledged (acks 1 or all) is durable; records keep their bytes, also compressed.
 * - **B2 once**: an idempotent producer's batch is stored once, however often it is sent, also over a restart.
 * - **B3 order**: answers of a connection come in the order of its requests; batches of a partition are stored in it too.
 * - **B4 whole**: a fetch returns whole stored batches, waits for `minBytes` or `maxWait`, and stays under its bounds.
 * - **B5 groups**: partitions of a group have one owner; members come, go and time out; work resumes at committed offsets.
 * - **B6 fencing**: a commit of a member that lost its generation is refused and changes nothing.
 * - **B7 one truth**: topics and committed offsets are those of the log, for clients and consumers in this process alike.
 * - **B8 refusal**: what cannot be served is answered as the protocol says; bytes that are no request end their connection
 *   and nothing else.
 * - **B9 bounds**: frames, connections, waiting bytes, groups and topics have limits; slow and silent peers are let go.
 * - **B10 close**: `close` is idempotent, ends every connection and timer, and leaves the log open.
 */
import type { Clock, Logger, Metrics } from '../core/index.ts'
import type { Log } from '../log/index.ts'

/** Every limit with its unit; the defaults stand in `broker-limits.ts`. */
export interface BrokerLimits {
  /** Largest request, bytes. */
  readonly frameBytes: number
  /** Largest record batch as a client sends it, bytes. */
  readonly batchBytes: number
  /** Most record bytes of one fetch response, whatever the client allows. */
  readonly fetchBytes: number
  /** Most bytes of fetch responses that are in memory at one time. */
  readonly fetchMemoryBytes: number
  /** Most bytes that are read before clients ask for them. */
  readonly readAheadBytes: number
  /** Most open connections. */
  readonly connections: number
  /** Most bytes of a connection's requests that wait for their answers; then it is not read further. */
  readonly pendingBytes: number
  /** Most bytes of all connections' requests in memory; then none is read further. */
  readonly requestMemoryBytes: number
  /** Longest pause of the sender inside a request, and of the reader inside a response, milliseconds. */
  readonly stallMs: number
  /** A connection without a request for so long is closed, milliseconds. */
  readonly idleMs: number
  /** Most topics and most partitions that clients may bring the log to. */
  readonly topics: number
  readonly partitions: number
  /** Most groups, members of one group, and bytes that all members keep here. */
  readonly groups: number
  readonly groupMembers: number
  readonly groupBytes: number
  /** Bounds of the session timeout that a group member may ask for, milliseconds. */
  readonly minSessionMs: number
  readonly maxSessionMs: number
}

/** What the app says about topics. Values are not looked at here: the sink checks them, and dead-letters what is wrong. */
export interface TopicContracts {
  /** Why clients may not write to the topic; undefined when they may. */
  refuseProduce?(topic: string): string | undefined
  /** Why clients may not create or delete the topic, or give it partitions; undefined when they may. */
  refuseChange?(topic: string): string | undefined
}

/** One port, and what clients that come to it are told to connect to. */
export interface BrokerListener {
  /** Default 127.0.0.1. Anything that is not loopback needs `allowRemote`. */
  readonly host?: string
  /** Default 9092; 0 lets the system choose. */
  readonly port?: number
  /** As Kafka's `advertised.listeners`. Default: where they connected to. */
  readonly advertised?: { readonly host: string; readonly port?: number }
}

export interface BrokerOptions extends BrokerListener {
  /** A log with stored batches of its own: the embedded driver. */
  readonly log: Log
  /** In place of the one port: several, as for clients of two networks. */
  readonly listeners?: readonly BrokerListener[]
  /** Says that the port may be reached from other machines: there is no authentication. Default false. */
  readonly allowRemote?: boolean
  /** Create a topic of one partition when a client first names it (design D17). Default true. */
  readonly autoCreateTopics?: boolean
  readonly clock?: Clock
  readonly logger?: Logger
  readonly metrics?: Metrics
  readonly limits?: Partial<BrokerLimits>
  readonly contracts?: TopicContracts
}

export interface BrokerAddress {
  readonly host: string
  readonly port: number
  readonly isRemote: boolean
}

export interface Broker {
  /** Of the first listener. */
  readonly host: string
  readonly port: number
  /** Of all listeners, in their order. `isRemote`: other machines reach it. */
  readonly addresses: readonly BrokerAddress[]
  /** Ends all connections; the log stays open. */
  close(): Promise<void>
}
