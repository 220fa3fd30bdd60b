/**
 * Carries out a schedule on a simulated machine and checks every answer of the log against the model. First the safety
 * phase, with all faults; then the healing phase: the disk is whole again, and everything must work without a hand.
 */
import { basename, dirname } from 'node:path'
import type { NewRecord, TopicPartitionOffset } from '../../../src/core/index.ts'
import type { Consumer, Log } from '../../../src/log/log.ts'
import { Anomaly, type AnomalyName } from '../anomaly.ts'
import { payload } from '../payload.ts'
import { SEGMENT_HEADER_BYTES } from '../../../src/log/drivers/embedded/format/segment-header.ts'
import { baseOfName } from '../../../src/log/drivers/embedded/partition/segment.ts'
import type { Harm } from '../../../src/testing/simulated-disk.ts'
import { LogModel, type TopicModel } from './log-model.ts'
import { Machine, type Sabotage } from './machine.ts'
import type { PartitionModel, Sent, Unreadable } from './partition-model.ts'
import {
  RECORD_BYTES,
  type Action,
  type Ending,
  type Schedule,
  type Step,
  type TopicPlan,
} from './schedule.ts'
import { passesForOwn } from './stray-batch.ts'

export interface Finding {
  readonly anomaly: AnomalyName
  readonly message: string
  /** Index of the step in the schedule; the count of steps for the healing phase. */
  readonly step: number
}

export interface Outcome {
  readonly finding: Finding | undefined
  readonly diskCalls: number
  readonly acknowledged: number
  /** The last step was ended before it was done. */
  readonly isCutShort: boolean
  /** It ended early: the disk did what nobody can notice (SPEC.md, section 4), so nothing can be asked of the log any more. */
  readonly isBeyondModel: boolean
}

export interface SimulationOptions {
  readonly sabotage?: Sabotage
  /** The disk reports syncs that it does not do: the checker must see the loss. */
  readonly lyingSync?: number
  /** Told of every step and what came of it: for reading a failing schedule. */
  readonly trace?: (line: string) => void
}

export async function simulate(
  schedule: Schedule,
  options: SimulationOptions = {},
): Promise<Outcome> {
  const run = new Simulation(schedule, options)
  const finding = await run.run()
  const { acknowledged, isCutShort, isBeyondModel, machine } = run
  return { finding, diskCalls: machine.disk.calls, acknowledged, isCutShort, isBeyondModel }
}

const encoder = new TextEncoder()
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
const detail = (error: unknown, name: string): unknown =>
  error instanceof Error && 'details' in error
    ? (error.details as Record<string, unknown>)[name]
    : undefined

class Simulation {
  readonly machine: Machine
  readonly #schedule: Schedule
  readonly #model: LogModel
  readonly #options: SimulationOptions
  acknowledged = 0
  isCutShort = false
  isBeyondModel = false
  #log!: Log
  #consumer: Consumer | undefined
  #positions = new Map<string, number>()
  #opened: 'no' | 'after close' | 'after crash' = 'no'
  #records = 0
  #isHealthy = true
  #hasDamagedHeader = false
  #step = 0

  constructor(schedule: Schedule, options: SimulationOptions) {
    this.#schedule = schedule
    this.#options = options
    this.machine = new Machine(schedule.seed, options.sabotage ?? ((storage) => storage))
    this.machine.disk.ordered = schedule.ordered
    this.#model = new LogModel(schedule.topics)
  }

  async run(): Promise<Finding | undefined> {
    const { steps } = this.#schedule
    try {
      this.#log = await this.#must('the first opening', this.machine.open())
      for (const [index, step] of steps.entries()) {
        this.#step = index
        await this.#carryOut(step)
        if (this.isBeyondModel) return undefined
      }
      this.#step = steps.length
      await this.#heal()
      return undefined
    } catch (error) {
      if (!(error instanceof Anomaly)) throw error
      return { anomaly: error.anomaly, message: error.message, step: this.#step }
    }
  }

  async #carryOut(step: Step): Promise<void> {
    const { disk, clock } = this.machine
    disk.reseed(step.seed)
    clock.advance(step.advanceMs)
    clock.jump(step.jumpMs)
    this.#faults(step)
    const isCrash = step.ending === 'kill' || step.ending === 'power'
    const crash = isCrash ? { ending: step.ending, afterCalls: step.afterCalls } : undefined
    const driven = await this.machine.drive('a step', this.#actions(step.actions), crash)
    if (driven !== 'crashed' && 'error' in driven) throw driven.error
    this.isCutShort = driven === 'crashed'
    this.#trace(`step ${this.#step} ${driven === 'crashed' ? step.ending : 'done'}`)
    if (step.ending === 'stay') {
      this.#heals()
      if (step.seed % 2 === 0) await this.#verify()
      return
    }
    await this.#restart(step)
  }

  #faults({ faults }: { faults: Step['faults'] }): void {
    const { lyingSync } = this.#options
    this.machine.disk.setFaults(lyingSync === undefined ? faults : { ...faults, lyingSync })
    this.#isHealthy = faults.fail === undefined && faults.freeBytes === undefined
  }

  #heals(): void {
    this.#faults({ faults: {} })
  }

  // ---- Ending and opening again --------------------------------------------------------------------------------------

  async #restart(step: Step): Promise<void> {
    const { disk } = this.machine
    let opened: 'after close' | 'after crash' = 'after crash'
    if (step.ending === 'close') {
      const driven = await this.machine.drive('close', this.#log.close())
      if (driven !== 'crashed' && 'error' in driven) this.#allow('close', driven.error)
      // On a failing disk the log may close without the mark of it.
      else if (this.#isHealthy) opened = 'after close'
      this.machine.end('kill')
    }
    this.#consumer = undefined
    this.machine.told.length = 0
    this.#learnHarms()
    if (this.isBeyondModel) return
    if (step.damage !== undefined) this.#damage(step.damage)
    if (step.reopenCrash !== undefined) {
      this.#faults({ faults: step.reopenFaults })
      const driven = await this.machine.drive('opening', this.machine.open(), step.reopenCrash)
      this.#trace(`  opening ${driven === 'crashed' ? step.reopenCrash.ending : 'done'}`)
      if (driven !== 'crashed' && 'error' in driven) this.#allow('open', driven.error)
    } else if (step.reopenFaults.fail !== undefined || step.reopenFaults.freeBytes !== undefined) {
      this.#faults({ faults: step.reopenFaults })
      const driven = await this.machine.drive('opening', this.machine.open())
      if (driven !== 'crashed' && 'error' in driven) {
        this.#trace(`  opening failed: ${String(driven.error)}`)
        this.#allow('open', driven.error)
      }
      this.machine.end('kill')
    }
    this.#heals()
    if (this.#learnHarms()) opened = 'after crash'
    if (this.isBeyondModel) return
    disk.reseed(step.seed + 1)
    this.#log = await this.#must('opening', this.machine.open(), 'unopenable')
    this.#opened = opened
    await this.#verify()
  }

  #damage({ kind, file }: { kind: Parameters<Machine['disk']['damage']>[1]; file: number }): void {
    const { disk } = this.machine
    const paths = disk.paths()
    const path = paths[file % paths.length]
    // A segment whose header is damaged already cannot be told from another one (SPEC.md, section 4).
    const isKept = path !== undefined && kind === 'swap' && path.endsWith('.log')
    if (isKept && this.#hasDamagedHeader) return
    const damage = path === undefined ? undefined : disk.damage(path, kind)
    if (damage === undefined) return
    for (const harm of damage.harms) {
      this.#trace(`  ${kind} of ${harm.path}, bytes ${harm.from} to ${harm.to}`)
      this.#harm(harm, kind === 'cut' ? 'silent' : 'visible')
    }
  }

  /** What power cuts took against the disk's word; true when there was any. */
  #learnHarms(): boolean {
    const harms = this.machine.takeHarms()
    for (const harm of harms) {
      this.#trace(`  broken promise: ${harm.path}, bytes ${harm.from} to ${harm.to}`)
      if (this.#options.lyingSync === undefined) this.#harm(harm, 'silent')
      if (harm.isForeign && this.#isUnnoticeable(harm)) {
        this.#trace('  which nobody can notice: the run ends')
        this.isBeyondModel = true
      }
    }
    return harms.length > 0
  }

  /** Whether a write that went astray left a batch that passes for one of the file it hit. */
  #isUnnoticeable({ path, from }: Harm): boolean {
    const { disk } = this.machine
    const paths = disk.paths()
    const base = baseOfName(basename(path))
    // Its name can be gone with the same power cut.
    if (base === undefined || !paths.includes(path)) return false
    const bases = paths
      .filter((other) => dirname(other) === dirname(path))
      .flatMap((other) => baseOfName(basename(other)) ?? [])
    const endOffset = Math.min(...bases.filter((other) => other > base))
    return passesForOwn({ content: disk.contentOf(path), base, endOffset }, from)
  }

  #harm(harm: Harm, kind: 'silent' | 'visible'): void {
    this.#hasDamagedHeader ||= harm.path.endsWith('.log') && harm.from < SEGMENT_HEADER_BYTES
    this.#model.harmed(harm, kind)
  }

  // ---- Actions ------------------------------------------------------------------------------------------------------

  async #actions(actions: readonly Action[]): Promise<void> {
    const changed = new Map<string, Action>()
    for (const action of actions) {
      const isChange = action.kind === 'create' || action.kind === 'delete'
      if (isChange && !changed.has(action.topic)) changed.set(action.topic, action)
    }
    const hasDelete = [...changed.values()].some(({ kind }) => kind === 'delete')
    if (hasDelete) await this.#leave()
    const isCleaned = actions.some(({ kind }) => kind === 'clean')
    const used = new Set<Action['kind']>()
    const work = actions.map((action) => {
      if ('topic' in action && changed.has(action.topic)) {
        return changed.get(action.topic) === action ? this.#change(action) : Promise.resolve()
      }
      if (action.kind === 'append') return this.#append(action)
      if (action.kind === 'read') return this.#read(action)
      if (action.kind === 'hold') {
        // A round of retention that runs already does not hear of it.
        return isCleaned ? Promise.resolve() : this.#hold(action)
      }
      // One of each at a time: a consumer belongs to one caller.
      if (used.has(action.kind) || (hasDelete && action.kind !== 'clean')) return Promise.resolve()
      used.add(action.kind)
      if (action.kind === 'clean') return this.#clean()
      if (action.kind === 'leave')
        return used.has('poll') || used.has('commit') ? Promise.resolve() : this.#leave()
      if (used.has('leave')) return Promise.resolve()
      return action.kind === 'poll' ? this.#poll(action.maxRecords) : this.#commit()
    })
    await Promise.all(work)
  }

  #change(action: Action): Promise<void> {
    if (action.kind === 'create') return this.#create(this.#model.topic(action.topic))
    if (action.kind === 'delete') return this.#delete(this.#model.topic(action.topic))
    return Promise.resolve()
  }

  async #create(topic: TopicModel): Promise<void> {
    const before = topic.state
    if (before === 'absent') this.#model.begin(topic)
    if (before !== 'present') topic.state = 'either'
    topic.mayBeNew = before === 'either'
    const { name, partitions, ...config } = topic.plan
    try {
      const info = await this.#log.createTopic({
        name,
        partitions,
        config: { ...config, retentionMs: -1 },
      })
      // It may have been made anew although an older one could not be deleted, or be that one.
      const isNew = info.partitions.every(({ end }) => end === 0)
      if (before === 'either' && isNew) this.#model.begin(topic)
      topic.state = 'present'
      topic.mayBeNew = false
    } catch (error) {
      this.#allow('create', error, topic.isDamaged ? ['LOG_CORRUPT'] : [])
    }
  }

  async #delete(topic: TopicModel): Promise<void> {
    const before = topic.state
    if (before === 'present') topic.state = 'either'
    try {
      await this.#log.deleteTopic(topic.plan.name)
      topic.state = 'absent'
    } catch (error) {
      const unknown = before === 'present' ? [] : ['LOG_UNKNOWN_TOPIC']
      this.#allow('delete', error, topic.isDamaged ? ['LOG_CORRUPT', ...unknown] : unknown)
      const isThere = (await this.#log.topics()).some(({ name }) => name === topic.plan.name)
      if (before === 'present' && isThere) topic.state = 'present'
    }
  }

  async #append(action: Action & { kind: 'append' }): Promise<void> {
    const topic = this.#model.topic(action.topic)
    const { plan, incarnation, state } = topic
    const partition = topic.partitions[action.partition]
    if (partition === undefined) return
    const isTooLarge = action.sizes.some((size) => size > RECORD_BYTES)
    const timestamp = this.machine.clock.now()
    const sent = action.sizes.map((size, index): Sent & { size: number } => ({
      id: `${plan.name}#${incarnation}/${action.partition}/${this.#records++}`,
      key: plan.cleanup === 'compact' ? `k${(action.key + index) % 4}` : null,
      isTombstone: plan.cleanup === 'compact' && size % 5 === 0,
      timestamp,
      isDead: isTooLarge,
      size,
    }))
    for (const one of sent) partition.sending(one)
    const expected = isTooLarge ? ['LOG_RECORD_TOO_LARGE'] : []
    if (state !== 'present') expected.push('LOG_UNKNOWN_TOPIC')
    if (topic.isDamaged || partition.isMisplaced) expected.push('LOG_CORRUPT')
    try {
      const places = await this.#log.append(
        plan.name,
        sent.map((one) => recordOf(one, one.size, action.partition)),
      )
      if (isTooLarge) throw new Anomaly('phantom', 'a record over the limit was taken')
      this.#acknowledge(partition, sent, places)
    } catch (error) {
      this.#allow('append', error, expected)
    }
  }

  #acknowledge(
    partition: PartitionModel,
    sent: readonly Sent[],
    places: readonly { offset: number }[],
  ): void {
    if (places.length !== sent.length)
      throw new Anomaly('torn', `${places.length} of ${sent.length} were acknowledged`)
    for (const [index, { offset }] of places.entries()) {
      const first = places[0]!.offset
      if (offset !== first + index)
        throw new Anomaly(
          'gap',
          `${sent[index]!.id} was acknowledged at ${offset}, not ${first + index}`,
        )
      partition.acknowledged(sent[index]!, offset)
      this.acknowledged++
    }
  }

  async #read(action: Action & { kind: 'read' }): Promise<void> {
    const topic = this.#model.topic(action.topic)
    const model = topic.partitions[action.partition]
    if (topic.state !== 'present' || model === undefined) return
    const { plan } = topic
    try {
      const info = (await this.#log.topic(plan.name)).partitions[action.partition]!
      const from = info.earliest + Math.floor(action.from * (info.end - info.earliest))
      const options = { maxBytes: action.maxBytes }
      for await (const { records } of this.#log.read(plan.name, action.partition, from, options)) {
        for (const record of records) model.seen(record)
      }
    } catch (error) {
      const expected = model.isDamaged || topic.isDamaged ? ['LOG_CORRUPT'] : []
      // Retention may overtake a reader.
      if (plan.retentionBytes >= 0) expected.push('LOG_OFFSET_OUT_OF_RANGE')
      this.#allow('read', error, expected)
    }
  }

  async #hold({ topic: name, partition, behind }: Action & { kind: 'hold' }): Promise<void> {
    const topic = this.#model.topic(name)
    const model = topic.partitions[partition]
    if (topic.state !== 'present' || topic.isDamaged || model === undefined) return
    const { earliest } = (await this.#log.topic(name)).partitions[partition]!
    model.hold = Math.max(earliest, model.end - behind)
    this.#log.hold('sink', { topic: name, partition, offset: model.hold })
  }

  async #clean(): Promise<void> {
    try {
      await this.#log.clean()
      for (const info of await this.#log.topics()) {
        const models = this.#model.topics.get(info.name)?.partitions ?? []
        for (const { partition, earliest } of info.partitions) {
          if (models[partition] !== undefined) models[partition].durableEarliest = earliest
        }
      }
    } catch (error) {
      this.#allow('clean', error, this.#model.isDamaged ? ['LOG_CORRUPT'] : [])
    }
  }

  // ---- The consumer -------------------------------------------------------------------------------------------------

  async #leave(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    await consumer?.close()
  }

  async #join(): Promise<Consumer | undefined> {
    const topics = [...this.#model.topics.values()].filter(
      ({ state, isDamaged }) => state === 'present' && !isDamaged,
    )
    if (topics.length === 0) return undefined
    const consumer = await this.#log.consumer({
      group: 'g',
      topics: topics.map(({ plan }) => plan.name),
      from: 'earliest',
    })
    this.#positions = new Map()
    for (const { plan, committed, everCommitted } of topics) {
      const infos = (await this.#log.topic(plan.name)).partitions
      for (const { partition, earliest, end } of infos) {
        const position = consumer.position({ topic: plan.name, partition })
        const known = this.#model.areOffsetsDamaged ? everCommitted : committed
        const allowed = [...known[partition]!].map((offset) =>
          Math.min(Math.max(offset ?? earliest, earliest), end),
        )
        if (!allowed.includes(position)) {
          throw new Anomaly(
            'lost',
            `the group begins at ${position} of ${plan.name}/${partition}, committed was ${allowed.join(' or ')}`,
          )
        }
        this.#positions.set(`${plan.name}/${partition}`, position)
      }
    }
    this.#consumer = consumer
    return consumer
  }

  async #poll(maxRecords: number): Promise<number> {
    try {
      const consumer = this.#consumer ?? (await this.#join())
      if (consumer === undefined) return 0
      const records = await consumer.poll({ maxRecords, timeoutMs: 0 })
      for (const record of records) {
        const place = `${record.topic}/${record.partition}`
        const model = this.#model.topic(record.topic).partitions[record.partition]!
        const position = this.#positions.get(place) ?? 0
        if (record.offset < position)
          throw new Anomaly('reordered', `${place}: polled ${record.offset}, expected ${position}`)
        model.seen(record)
        this.#skipped(model, position, record.offset, place)
        this.#positions.set(place, record.offset + 1)
      }
      return records.length
    } catch (error) {
      const isDamaged = codeOf(error) === 'LOG_CORRUPT' && this.#model.isDamaged
      const nextOffset = detail(error, 'nextOffset')
      if (isDamaged && typeof nextOffset === 'number') {
        const place = {
          topic: detail(error, 'topic') as string,
          partition: detail(error, 'partition') as number,
        }
        const name = `${place.topic}/${place.partition}`
        const model = this.#model.topic(place.topic).partitions[place.partition]!
        const from = Math.max(this.#positions.get(name) ?? 0, detail(error, 'offset') as number)
        model.checkRefused({ from, to: nextOffset })
        this.#consumer!.seek({ ...place, offset: nextOffset })
        this.#positions.set(name, nextOffset)
        return 1
      }
      this.#allow('poll', error, isDamaged ? ['LOG_CORRUPT'] : [])
      return 0
    }
  }

  /** Between two polled records only what retention, compaction or damage took may be missing. */
  #skipped(model: PartitionModel, from: number, to: number, place: string): void {
    const { plan } = this.#model.topic(place.slice(0, place.lastIndexOf('/')))
    if (plan.cleanup === 'compact' || plan.retentionBytes >= 0) return
    for (let offset = from; offset < to; offset++) {
      if (model.known.has(offset) && !model.isExcused(offset))
        throw new Anomaly('gap', `${place}: poll left out offset ${offset}`)
    }
  }

  async #commit(): Promise<void> {
    const consumer = this.#consumer
    if (consumer === undefined) return
    const offsets: TopicPartitionOffset[] = consumer
      .assignment()
      .map((place) => ({ ...place, offset: consumer.position(place) }))
    const sets = offsets.map(
      ({ topic, partition }) => this.#model.topic(topic).committed[partition]!,
    )
    for (const [index, { topic, partition, offset }] of offsets.entries()) {
      sets[index]!.add(offset)
      this.#model.topic(topic).everCommitted[partition]!.add(offset)
    }
    try {
      await consumer.commitOffsets(offsets)
      for (const [index, { offset }] of offsets.entries()) {
        sets[index]!.clear()
        sets[index]!.add(offset)
      }
    } catch (error) {
      this.#allow('commit', error, this.#model.areOffsetsDamaged ? ['LOG_CORRUPT'] : [])
    }
  }

  // ---- Judging ------------------------------------------------------------------------------------------------------

  /** An error that the disk explains, or that was expected; anything else is an anomaly. */
  #allow(what: string, error: unknown, expected: readonly string[] = []): void {
    if (error instanceof Anomaly) throw error
    const code = codeOf(error)
    if (expected.includes(code)) return
    const isStorage = code === 'LOG_STORAGE_FAILED' || code === 'LOG_STORAGE_FULL'
    if (isStorage && !this.#isHealthy) return
    const text =
      error instanceof Error && code === '' ? (error.stack ?? error.message) : String(error)
    throw new Anomaly(
      'refused',
      `${what} failed${this.#isHealthy ? ' on a healthy disk' : ''} with ${text}`,
    )
  }

  async #must<T>(
    what: string,
    work: Promise<T>,
    anomaly: 'refused' | 'unopenable' = 'refused',
  ): Promise<T> {
    const driven = await this.machine.drive(what, work)
    if (driven === 'crashed') throw new TypeError('nothing crashes here')
    if ('value' in driven) return driven.value
    if (driven.error instanceof Anomaly) throw driven.error
    throw new Anomaly(anomaly, `${what} failed: ${(driven.error as Error).stack}`)
  }

  /** Reads everything and compares. */
  async #verify(): Promise<void> {
    const infos = new Map((await this.#log.topics()).map((info) => [info.name, info]))
    for (const topic of this.#model.topics.values()) {
      const { name } = topic.plan
      const info = infos.get(name)
      if (topic.isDamaged && info === undefined) continue
      if (topic.state === 'either' && this.#opened !== 'no')
        topic.state = info === undefined ? 'absent' : 'present'
      if (topic.mayBeNew && info?.partitions.every(({ end }) => end === 0)) this.#model.begin(topic)
      if ((topic.state === 'present') !== (info !== undefined) && topic.state !== 'either') {
        throw new Anomaly(
          topic.state === 'present' ? 'lost' : 'phantom',
          `topic ${name} is ${info ? '' : 'not '}there`,
        )
      }
      if (info === undefined || topic.state !== 'present') continue
      for (const { partition, earliest, end } of info.partitions) {
        const folder = `/topics/${name}/${partition}/`
        const told = this.machine.told.filter((line) => line.includes(folder))
        const model = topic.partitions[partition]!
        for (const line of told) learnUnsure(line, model)
        const read = await this.#must(
          `reading ${name}/${partition}`,
          this.#readAll(topic, partition, earliest, end),
        )
        model.check({ ...read, earliest, end, opened: this.#opened, isTold: told.length > 0 })
      }
    }
    if (this.#opened !== 'no') this.#holdAgain()
    this.#opened = 'no'
  }

  async #readAll(
    { plan, partitions, isDamaged }: TopicModel,
    partition: number,
    earliest: number,
    end: number,
  ) {
    const records = []
    const unreadable: Unreadable[] = []
    for (let from = earliest; from < end;) {
      try {
        for await (const batch of this.#log.read(plan.name, partition, from, { to: end })) {
          records.push(...batch.records)
          from = batch.records.at(-1)!.offset + 1
        }
        break
      } catch (error) {
        const nextOffset = detail(error, 'nextOffset')
        const offset = detail(error, 'offset')
        const isNamed =
          codeOf(error) === 'LOG_CORRUPT' &&
          typeof nextOffset === 'number' &&
          typeof offset === 'number'
        const isExcused = partitions[partition]!.isDamaged || isDamaged
        if (!isNamed || !isExcused) throw error
        if (nextOffset <= from)
          throw new Anomaly(
            'stuck',
            `after damage ${plan.name} goes on at ${nextOffset}, not behind ${from}`,
          )
        unreadable.push({ from: Math.max(from, offset), to: nextOffset })
        from = nextOffset
      }
    }
    if (partitions[partition]!.isMisplaced && (await this.#isBroken(plan.name, partition, end))) {
      unreadable.push({ from: end, to: Infinity })
    }
    return { records, unreadable }
  }

  /** Whether the partition says that it does not know its end. */
  async #isBroken(topic: string, partition: number, end: number): Promise<boolean> {
    try {
      for await (const batch of this.#log.read(topic, partition, end)) {
        throw new Anomaly(
          'phantom',
          `${topic}/${partition} has records behind ${batch.records[0]!.offset}`,
        )
      }
      return false
    } catch (error) {
      if (codeOf(error) !== 'LOG_CORRUPT') throw error
      return true
    }
  }

  /** A sink says again what it needs. */
  #holdAgain(): void {
    for (const { plan, partitions, state, isDamaged } of this.#model.topics.values()) {
      if (state !== 'present' || isDamaged) continue
      for (const [partition, { hold }] of partitions.entries()) {
        if (hold !== Infinity) this.#log.hold('sink', { topic: plan.name, partition, offset: hold })
      }
    }
  }

  // ---- The healing phase --------------------------------------------------------------------------------------------

  async #heal(): Promise<void> {
    this.machine.disk.reseed(this.#schedule.seed + 7)
    this.#heals()
    await this.#must('healing', this.#useAll())
    await this.#verify()
    await this.#must('reading on', this.#drain())
    await this.#must('committing', this.#commit())
    await this.#leave()
    await this.#must('cleaning', this.#clean())
    await this.#verify()
    for (const ending of ['close', 'power'] as const) await this.#endOnce(ending)
  }

  async #useAll(): Promise<void> {
    for (const topic of this.#model.topics.values()) {
      await this.#create(topic)
      if (topic.state !== 'present') continue
      for (const partition of topic.partitions.keys()) {
        for (const sizes of [[40], [40, 60]]) {
          await this.#append({ kind: 'append', topic: topic.plan.name, partition, sizes, key: 0 })
        }
      }
    }
  }

  /** Polls to the end: everything that is known from the group's place on must come. */
  async #drain(): Promise<void> {
    for (let empty = 0; empty < 2;) empty = (await this.#poll(50)) === 0 ? empty + 1 : 0
    for (const { plan, partitions } of this.#model.topics.values()) {
      for (const [partition, model] of partitions.entries()) {
        const place = `${plan.name}/${partition}`
        const position = this.#positions.get(place)
        if (this.#consumer === undefined || position === undefined) continue
        this.#skipped(model, position, model.end, place)
      }
    }
  }

  async #endOnce(ending: Ending): Promise<void> {
    const step = { seed: this.#schedule.seed, reopenFaults: {} }
    if (ending === 'power') this.machine.end('power')
    await this.#restart({
      ...step,
      actions: [],
      faults: {},
      ending,
      afterCalls: 0,
      advanceMs: 0,
      jumpMs: 0,
    })
    if (this.isBeyondModel) return
    await this.#must('joining', this.#poll(1))
    await this.#leave()
  }

  #trace(line: string): void {
    this.#options.trace?.(line)
  }
}

/** What the log said at its opening that it keeps and does not serve (recovery.ts, `tellUnsure`). */
function learnUnsure(line: string, model: PartitionModel): void {
  const [, from, to] = /lies before a torn tail.*"offset":(\d+),"nextOffset":(\d+)/.exec(line) ?? []
  if (from !== undefined) model.unsure({ from: Number(from), to: Number(to) })
}

function recordOf(sent: Sent, size: number, partition: number): NewRecord {
  return {
    key: sent.key === null ? null : encoder.encode(sent.key),
    value: sent.isTombstone ? null : payload(sent.id, size),
    headers: [{ key: 'id', value: encoder.encode(sent.id) }],
    timestamp: sent.timestamp,
    partition,
  }
}

export type { TopicPlan }
