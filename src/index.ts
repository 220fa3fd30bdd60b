/**
 * The package: what an app is written with (`defineApp` and its helpers) and what starts it.
 *
 * @module
 */
export {
  classifier,
  clusterer,
  cumulative,
  defineApp,
  disjoint,
  lastBatches,
  notWorse,
  regressor,
  route,
  sliding,
  source,
  sql,
  topic,
} from './app/index.ts'
export type {
  AppDefinition,
  BatchDefinition,
  ClassifierDefinition,
  ClustererDefinition,
  GateDefinition,
  LookupDefinition,
  ModelDefinition,
  QueryService,
  RegressorDefinition,
  RetrainDefinition,
  Role,
  RoleReadiness,
  RouteContext,
  RouteDefinition,
  RunningApp,
  SetDefinition,
  SourceDefinition,
  StartOptions,
  TopicDefinition,
} from './app/index.ts'
export { isMillraceError, MillraceError, type Duration, type EventSchema } from './core/index.ts'
