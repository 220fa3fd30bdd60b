/**
 * The public testing kit, `millrace/testing`: a clock that tests move by hand, and the conformance suites, so that an
 * own log driver, SQL engine, event source or model can be held to the same guarantees as ours.
 *
 * ```ts
 * for (const check of modelConformance(myKind)) it(`${check.guarantee}: ${check.name}`, () => check.run())
 * ```
 */
export type { ConformanceCheck } from '../core/index.ts'
export { sourceConformance, type SourceHarness } from '../ingest/sources/source.conformance.ts'
export type { LogWorld, MakeLogWorld } from '../log/log-world.conformance.ts'
export { logConformance } from '../log/log.conformance.ts'
export { modelConformance } from '../models/model.conformance.ts'
export { recommenderConformance } from '../models/recommender.conformance.ts'
export { sqlEngineConformance } from '../sql/engine.conformance.ts'
export { createManualClock, type ManualClock } from './manual-clock.ts'
