/** What every lake must do, as checks without a test runner. Numbers are those of `lake.ts`. */
import type { ConformanceCheck } from '../core/index.ts'
import { commitChecks } from './lake-commit.conformance.ts'
import { compactionChecks } from './lake-compaction.conformance.ts'
import { crashChecks } from './lake-crash.conformance.ts'
import { listingChecks } from './lake-listing.conformance.ts'
import { maintenanceChecks } from './lake-maintenance.conformance.ts'
import { partitionChecks } from './lake-partitions.conformance.ts'
import type { LakeHarness } from './lake-world.conformance.ts'

export type { ForeignRow, LakeHarness } from './lake-world.conformance.ts'

export const lakeConformance = (harness: LakeHarness): ConformanceCheck[] => [
  ...commitChecks(harness),
  ...crashChecks(harness),
  ...listingChecks(harness),
  ...compactionChecks(harness),
  ...maintenanceChecks(harness),
  ...partitionChecks(harness),
]
