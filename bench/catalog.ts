import type { Benchmark } from './benchmark.ts'

/** Every benchmark by id, one lazy line each. */
export const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  L1: () => import('./log-append/log-append.ts').then((folder) => folder.logAppend),
  L6: () => import('./log-read/log-read.ts').then((folder) => folder.logRead),
}
