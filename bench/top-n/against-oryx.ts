/**
 * S5: lists from catalogues of the sizes of Oryx's published table, over HTTP, two clients at once, random factors. Oryx ran on 32
 * cores; the rows are a reference, not a run beside ours. Ours are exact; its rows with LSH are a sample of 0.3 of the items.
 * Source: OryxProject/oryx, src/site/markdown/docs/performance.md.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTopN } from '../../src/kernels/index.ts'
import type { Benchmark } from '../benchmark.ts'
import { randomFactors } from './factors.ts'

interface Row {
  readonly items: number
  readonly features: number
  /** Published lists a second without and with LSH. */
  readonly exact: number
  readonly sampled: number
}

const CLIENTS = 2
const USERS = 1_000
/** Resident bytes that a row may take. */
const MOST_BYTES = 8 * 2 ** 30

export const oryx1M50 = against({ items: 1_000_000, features: 50, exact: 70, sampled: 437 })
export const oryx5M50 = against({ items: 5_000_000, features: 50, exact: 16, sampled: 91 })
export const oryx1M250 = against({ items: 1_000_000, features: 250, exact: 24, sampled: 160 })
export const oryx5M250 = against({ items: 5_000_000, features: 250, exact: 6, sampled: 37 })

function against({ items, features, exact, sampled }: Row): Benchmark {
  const queries = Math.round(exact * 10)
  return {
    id: `S5-${items / 1e6}M-${features}`,
    question: `How many exact lists a second over HTTP from ${items} items of ${features} factors, against the ${exact} of Oryx on 32 cores (${sampled} with LSH, a sample)?`,
    work: queries,
    unit: 'lists/s',
    // Where the page asks for more, the published row with LSH at 50 features.
    floor: features === 50 ? Math.max(4, sampled / exact) : 4,
    async prepare() {
      const users = randomFactors(USERS, features, 1)
      const table = createTopN(randomFactors(items, features, 2), features)
      const server = createServer((request, response) => {
        const user = Number(request.url?.slice(1)) % USERS
        const { rows, scores } = table.search(
          users.subarray(user * features, (user + 1) * features),
          10,
        )
        const list = Array.from(rows, (item, at) => ({ item: String(item), score: scores[at] }))
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ items: list }))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      let resident = 0
      const ask = async (count: number): Promise<number> => {
        let next = 0
        const client = async (): Promise<void> => {
          while (next < count) {
            const answer = await fetch(`http://127.0.0.1:${port}/${(next++ * 7) % USERS}`)
            const { items: list } = (await answer.json()) as { items: unknown[] }
            if (list.length !== 10) throw new Error(`a list of ${list.length}`)
          }
        }
        const began = performance.now()
        await Promise.all(Array.from({ length: CLIENTS }, client))
        return (performance.now() - began) / 1_000
      }
      await ask(CLIENTS)
      return {
        versions: { oryx: '2, as published' },
        ours: {
          async run() {
            const seconds = await ask(queries)
            resident = Math.max(resident, process.memoryUsage.rss())
            if (resident > MOST_BYTES) throw new Error(`${resident} bytes are resident`)
            return seconds
          },
        },
        peer: { run: async () => queries / exact },
        figures: () => ({
          residentMiB: Math.round(resident / 2 ** 20),
          publishedExact: exact,
          publishedSampled: sampled,
        }),
        close: () => new Promise((resolve) => server.close(() => resolve())),
      }
    },
  }
}
