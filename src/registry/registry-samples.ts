/** What the registry's suites share: the bench that they run on, and versions made up for it. */
import { isMillraceError, type LogRecord } from '../core/index.ts'
import type { Artifact } from '../models/index.ts'
import type { RegistryOptions } from './open-registry.ts'
import type { Registry, VersionDraft, VersionStatus } from './registry.ts'

/** One log and one folder; each `open` is another process as far as the registry can tell. */
export interface RegistryBench {
  readonly dir: string
  open(options?: Partial<RegistryOptions>): Promise<Registry>
  /** Moves the clock on. */
  advance(ms: number): void
  now(): number
  /** Everything on `__millrace-promotions`, in order. */
  promotions(): Promise<readonly LogRecord[]>
  close(): Promise<void>
}

export const audit = { by: 'anna', reason: 'a test says so' }

/** `numbers`: how many it holds, even. */
export function sampleArtifact(value: number, numbers = 6): Artifact {
  return {
    kind: 'mean',
    task: 'regressor',
    format: 1,
    params: {},
    facts: { value },
    tensors: { weights: { shape: [2, numbers / 2], data: new Float64Array(numbers).fill(value) } },
  }
}

export function sampleDraft(model: string, status: VersionStatus = 'accepted'): VersionDraft {
  return {
    model,
    task: 'regressor',
    kind: 'mean',
    params: {},
    status,
    inputs: { views: [], columns: ['x'], categories: [] },
    set: { scheme: 'cumulative', part: 1, of: 3 },
    reports: [{ split: 'gate', rows: 10, metrics: { rmse: 0.9 }, baseline: { rmse: 1.05 } }],
    gate: { passed: status === 'accepted', reason: `made up to be ${status}`, checks: [] },
    lineage: {
      table: 'ratings',
      batches: [1, 2],
      ranges: [{ partition: 0, first: 0, last: 99 }],
      files: [{ name: 'ratings-0-0-99.parquet', sha256: 'ab'.repeat(32) }],
      rows: 100,
      seed: 7,
      codeVersion: '0.1.0',
      spec: { range: [0.5, 5] },
      trigger: 'batches',
      dataAsOf: 1_000,
    },
    durationMs: 12,
  }
}

/** Registers `count` accepted versions, whose artifacts hold their number. */
export async function fill(registry: Registry, model: string, count: number): Promise<void> {
  for (let value = 1; value <= count; value += 1) {
    await registry.register(sampleDraft(model), sampleArtifact(value), value)
  }
}

export const code = (expected: string) => (error: unknown) => isMillraceError(error, expected)
