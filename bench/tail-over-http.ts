/**
 * S6 and its kin: p99 at half the highest rate and a constant arrival, against what is allowed: three times p50, and 10 ms. The
 * "ratio" is what is allowed to what was found.
 */
import type { Benchmark } from './benchmark.ts'
import { openHttpLoad, quantile } from './http-load.ts'

export interface Tail extends Pick<Benchmark, 'id' | 'question'> {
  readonly startServer: () => Promise<{ readonly port: number; close(): Promise<void> }>
  /** Connections of the load that finds the highest rate. */
  readonly closed: number
  readonly pathOf: (request: number) => string
  readonly bodyOf?: (request: number) => string
}

/** Connections of the load at a constant rate. */
const OPEN = 256
const WARM_UP = 12_000
const HIGHEST_MS = 3_000
const RUN_MS = 10_000
const MOST_MS = 10
/** Requests a second while a model trains. */
const TRAINING_RATE = 200

export const tailOverHttp = ({
  startServer,
  closed,
  pathOf,
  bodyOf,
  ...about
}: Tail): Benchmark => ({
  ...about,
  work: 1,
  unit: '1/s',
  floor: 1,
  once: true,
  async prepare() {
    const server = await startServer()
    const requests = { port: server.port, path: pathOf, body: bodyOf }
    const [highest, constant] = [
      await openHttpLoad({ ...requests, connections: closed }),
      await openHttpLoad({ ...requests, connections: OPEN }),
    ]
    await highest.warmUp(WARM_UP)
    const rate = (await highest.closed(HIGHEST_MS)) / 2
    let latencies: Float64Array = new Float64Array(0)
    const ms = (share: number): number => toMs(quantile(latencies, share))
    return {
      versions: {},
      ours: {
        async run() {
          latencies = await constant.open(rate, RUN_MS)
          return quantile(latencies, 0.99) / 1_000
        },
      },
      peer: { run: async () => Math.min(3 * quantile(latencies, 0.5), MOST_MS) / 1_000 },
      figures: () => ({ rate: Math.round(rate), p50Ms: ms(0.5), p99Ms: ms(0.99), mostMs: ms(1) }),
      async close() {
        highest.close()
        constant.close()
        await server.close()
      },
    }
  },
})

/** S6-training and its kin: p99 at a constant rate while the server trains, against three times itself before. */
export const tailBesideTraining = ({
  startServer,
  pathOf,
  bodyOf,
  ...about
}: Omit<Tail, 'startServer' | 'closed'> & {
  readonly startServer: () => Promise<{
    readonly port: number
    ask(line: string, answer: string): Promise<unknown>
    close(): Promise<void>
  }>
}): Benchmark => ({
  ...about,
  work: 1,
  unit: '1/s',
  floor: 1,
  once: true,
  async prepare() {
    const server = await startServer()
    const { port } = server
    const load = await openHttpLoad({ port, connections: OPEN, path: pathOf, body: bodyOf })
    await load.warmUp(WARM_UP)
    let [quiet, busy] = [0, 0]
    let trainedAfter = 0
    return {
      versions: {},
      ours: {
        async run() {
          quiet = quantile(await load.open(TRAINING_RATE, RUN_MS), 0.99)
          const began = performance.now()
          const training = server.ask('train', 'trained').then(() => {
            trainedAfter = performance.now() - began
          })
          busy = quantile(await load.open(TRAINING_RATE, RUN_MS), 0.99)
          await training
          if (trainedAfter < RUN_MS) throw new Error(`the training took only ${trainedAfter} ms`)
          return busy / 1_000
        },
      },
      peer: { run: async () => (3 * quiet) / 1_000 },
      figures: () => ({
        p99Ms: toMs(quiet),
        p99WhileTrainingMs: toMs(busy),
        trainingSeconds: Math.round(trainedAfter / 1_000),
      }),
      async close() {
        load.close()
        await server.close()
      },
    }
  },
})

/** As figures show it. */
const toMs = (value: number): number => Number(value.toFixed(2))
