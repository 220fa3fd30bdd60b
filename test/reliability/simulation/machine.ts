/** One machine with one disk and one process at a time: opens the log, drives it call by call, and ends it. */
import { silentLogger, silentMetrics, type Logger } from '../../../src/core/index.ts'
import { openEmbeddedLog } from '../../../src/log/drivers/embedded/embedded-log.ts'
import type { Storage } from '../../../src/log/drivers/embedded/storage.ts'
import type { Log } from '../../../src/log/log.ts'
import { SimulatedDisk, type Harm } from '../../../src/testing/simulated-disk.ts'
import { createManualClock } from '../../../src/testing/index.ts'
import { Anomaly } from '../anomaly.ts'
import { RECORD_BYTES } from './schedule.ts'

/** A wrong version of the driver or of what lies under it: see `saboteurs.ts`. */
export type Sabotage = (storage: Storage) => Storage

export type Driven<T> = { readonly value: T } | { readonly error: unknown } | 'crashed'

/** Turns without a disk call after which nothing will happen any more. */
const IDLE_TURNS = 30

/** Resolves when every promise that can settle has settled: ticks run after the microtasks, so no disk call can be missed. */
const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

export class Machine {
  readonly disk: SimulatedDisk
  readonly clock = createManualClock()
  /** What the log said with `warn` or `error` as text; whoever reads it empties it. */
  readonly told: string[] = []
  readonly #harms: Harm[] = []
  readonly #sabotage: Sabotage
  #boots = 1
  #pid = 1
  #ids = 0

  constructor(seed: number, sabotage: Sabotage) {
    this.disk = new SimulatedDisk(seed)
    this.#sabotage = sabotage
  }

  end(how: 'kill' | 'power'): void {
    this.#pid++
    if (how === 'kill') this.disk.kill()
    else {
      this.#boots++
      this.#harms.push(...this.disk.powerCut())
    }
  }

  /** What power cuts took that the disk had promised to keep, since the last call. */
  takeHarms(): readonly Harm[] {
    return this.#harms.splice(0)
  }

  /** Runs the disk until `work` has settled; with `crash` the machine ends then, or before it after so many calls. */
  async drive<T>(
    what: string,
    work: Promise<T>,
    crash?: { readonly ending: 'kill' | 'power'; readonly afterCalls: number },
  ): Promise<Driven<T>> {
    let settled: Driven<T> | undefined
    work.then(
      (value) => (settled = { value }),
      (error: unknown) => (settled = { error }),
    )
    const crashAt = crash === undefined ? Infinity : this.disk.calls + crash.afterCalls
    for (let idle = 0; ;) {
      await turn()
      if (crash !== undefined && this.disk.calls >= crashAt) {
        this.end(crash.ending)
        return 'crashed'
      }
      if (settled !== undefined) break
      if (this.disk.waiting > 0) {
        this.disk.step()
        idle = 0
      } else if (++idle > IDLE_TURNS) throw new Anomaly('stuck', `${what} waits for nothing`)
    }
    if (crash !== undefined) this.end(crash.ending)
    return settled
  }

  readonly #logger: Logger = {
    ...silentLogger,
    warn: (facts, message) => this.#tell(facts, message),
    error: (facts, message) => this.#tell(facts, message),
    child: () => this.#logger,
  }

  #tell(facts: object, message: string): void {
    const error = 'err' in facts && facts.err instanceof Error ? facts.err.message : ''
    this.told.push(`${message} ${JSON.stringify(facts)} ${error}`)
  }

  open(): Promise<Log> {
    const pid = this.#pid
    const bootId = `boot-${this.#boots}`
    return openEmbeddedLog({
      dir: '/data/log',
      clock: this.clock,
      logger: this.#logger,
      metrics: silentMetrics,
      storage: this.#sabotage(this.disk.mount()),
      processes: {
        pid,
        bootId: async () => bootId,
        startOf: async (other) => (other === pid ? `start-${pid}` : undefined),
      },
      newId: () => `id-${this.#ids++}`,
      recordBytes: RECORD_BYTES,
      cleanIntervalMs: 0,
    })
  }
}
