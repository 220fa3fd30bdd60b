/** Puts the room together: contracts, bodies, door, sequences, replays. */
import {
  defaultLimits,
  quote,
  silentLogger,
  silentMetrics,
  systemClock,
  type Clock,
  type Limits,
  type Logger,
  type Metrics,
} from '../core/index.ts'
import type { Appended, Log } from '../log/index.ts'
import { createJsonBodyReader } from './bodies/json-body.ts'
import { receiveBody } from './bodies/receive-body.ts'
import { createDeadLetters, type Readmission } from './dead-letters/dead-letter-desk.ts'
import { createIdStore } from './dedupe/id-store.ts'
import { ingestError } from './errors.ts'
import { createEventCheck, type EventCheck } from './events/event-check.ts'
import { createTimeReader } from './events/event-time.ts'
import { createDoorCounts } from './ledger/door-counts.ts'
import type { Ingest, RejectedEvent, Replay, ReplayOptions, TopicContract } from './ingest.ts'
import { Door, type CallOptions, type DoorDeps } from './publish/door.ts'
import { createSequenceStore } from './publish/sequence-store.ts'
import { createTopicDirectory } from './publish/topic-directory.ts'
import { startReplay } from './replay/replay.ts'
import { createSpool, type SpoolOptions } from './spool/spool.ts'

export interface IngestOptions {
  readonly log: Log
  readonly clock?: Clock
  readonly logger?: Logger
  readonly metrics?: Metrics
  readonly limits?: Limits
  /** False: an event for a topic that is not there is refused with LOG_UNKNOWN_TOPIC. Default true. */
  readonly createsTopics?: boolean
  /** Tells processes apart that receive events for one log at the same time. Default `main`. */
  readonly writer?: string
  /** Lets events wait on this machine while the cluster of the log is away. Default: they are refused. */
  readonly spool?: SpoolOptions
}

/** Events in. Holds no files; close it before the log. */
export function createIngest(options: IngestOptions): Ingest {
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? silentLogger
  const limits = options.limits ?? defaultLimits
  const directory = createTopicDirectory(options.log, logger, options.createsTopics ?? true)
  const sequences = createSequenceStore({ log: options.log, clock, logger, directory })
  const deps = doorDeps(options, { clock, logger, limits, directory, sequences })
  const readJson = createJsonBodyReader(limits)
  const spool =
    options.spool &&
    createSpool({
      ...options.spool,
      clock,
      logger,
      forward: (topic, sequence, events, first) =>
        doorOf(topic, { source: 'spool', onError: 'dlq', sequence }).admitBuilt(events, first),
    })
  const doors: DoorDeps = { ...deps, spool }
  const contracts = new Map<string, { contract: TopicContract; check: EventCheck }>()
  const anyBytes = createEventCheck(undefined, limits)
  const replays = new Map<string, Replay>()
  const calls = new Set<Promise<unknown>>()

  const doorOf = (topic: string, door: CallOptions): Door => {
    const declared = contracts.get(topic)
    refuseResults(declared?.contract)
    const check = declared?.check ?? anyBytes
    return new Door(doors, { ...door, topic, isDeclared: declared !== undefined, check })
  }

  const readmit = async (event: Readmission): Promise<Appended | undefined> => {
    const { topic, bytes, letter, envelope } = event
    const source = envelope.source ?? 'dead-letter'
    const call = { source, envelope, letter, onError: 'reject', isBatch: false } as const
    const door = doorOf(topic, call)
    await door.admit([{ bytes }])
    const { rejected, offsets } = door.tally.result()
    if (rejected[0]) throw stillBad(topic, letter, rejected[0])
    const [landed] = offsets
    return landed && { partition: landed.partition, offset: landed.first }
  }
  const deadLetters = createDeadLetters({ log: options.log, directory, clock, readmit })

  const replay = (wanted: ReplayOptions): Replay => {
    const { topic, source } = wanted
    const name = JSON.stringify([topic, source.id])
    if (replays.get(name)?.progress().state === 'running') {
      throw ingestError(
        'INGEST_INVALID_REPLAY',
        `${quote(source.id)} is being replayed into topic ${quote(topic)}: stop it first`,
      )
    }
    const contract = contracts.get(topic)?.contract
    const started = startReplay(wanted, {
      clock,
      logger,
      sequences,
      check: contracts.get(topic)?.check ?? anyBytes,
      door: doorOf(topic, { source: source.id, onError: 'dlq', sequence: source.id }),
      timeOf: contract && createTimeReader(contract),
    })
    replays.set(name, started)
    return started
  }

  return {
    declare: (contract) =>
      void contracts.set(contract.topic, { contract, check: createEventCheck(contract, limits) }),
    contract: (topic) => contracts.get(topic)?.contract,
    receive(topic, body, wanted) {
      const contract = contracts.get(topic)?.contract
      const call = receiveBody(body, wanted, {
        contract,
        limits,
        readJson,
        openDoor: (door) => doorOf(topic, door),
      })
      calls.add(call)
      call.then(
        () => calls.delete(call),
        () => calls.delete(call),
      )
      return call
    },
    replay,
    deadLetters,
    counts: (topic) => deps.counts.of(topic),
    sequencePosition: (topic, sequence) => sequences.lastPosition(topic, sequence),
    spool: () => spool && { events: spool.waiting(), freeBytes: spool.freeBytes() },
    replays: () => [...replays.values()].map((one) => one.progress()),
    async close() {
      await Promise.all([...replays.values()].map((one) => one.stop()))
      await Promise.allSettled(calls)
      await spool?.close()
      await sequences.close()
    },
  }
}

type Common = Required<Pick<IngestOptions, 'clock' | 'logger' | 'limits'>> &
  Pick<DoorDeps, 'directory' | 'sequences'>

function doorDeps(options: IngestOptions, common: Common): Omit<DoorDeps, 'spool'> {
  const { log, metrics = silentMetrics, writer = 'main' } = options
  const { clock, limits, directory, sequences } = common
  return {
    log,
    clock,
    metrics,
    limits,
    directory,
    sequences,
    ids: createIdStore({
      log,
      clock,
      windowMs: limits.dedupeWindowMs,
      maxIds: limits.dedupeIds,
    }),
    counts: createDoorCounts({ log, directory, clock, writer }),
  }
}

function stillBad(topic: string, letter: number, { code, issues }: RejectedEvent): Error {
  const [first] = issues
  const where = first === undefined || first.path === '' ? 'the event' : first.path
  return ingestError(
    code,
    `dead letter ${letter} of topic ${quote(topic)} stays open: ${where} ${first?.message ?? 'is not valid'}`,
    { details: { issues } },
  )
}

/** A result that nobody computed would stand beside those that were, and a start would take it for one of them. */
function refuseResults(contract: TopicContract | undefined): void {
  if (contract?.resultsOf === undefined) return
  throw ingestError(
    'INGEST_RESULT_TOPIC',
    `topic ${contract.topic} holds what a stream makes of topic ${contract.resultsOf}: send the event there`,
    { details: { topic: contract.topic, from: contract.resultsOf } },
  )
}
