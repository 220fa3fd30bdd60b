/**
 * The package: what an app is written with (`defineApp` and its helpers) and what starts it.
 *
 * @module
 */
export {
  avg,
  classifier,
  clusterer,
  count,
  cumulative,
  day,
  defineApp,
  disjoint,
  event,
  header,
  hour,
  lastBatches,
  max,
  min,
  month,
  notFound,
  notWorse,
  recent,
  recommender,
  regressor,
  route,
  sliding,
  source,
  sql,
  startApp,
  sum,
  topic,
  unnest,
  window,
  words,
} from './app/index.ts'
export type {
  AppDefinition,
  BatchDefinition,
  ClassifierDefinition,
  ClustererDefinition,
  EventDefinition,
  GateDefinition,
  HeaderField,
  HorizonDefinition,
  LookupDefinition,
  ModelDefinition,
  PartitionDefinition,
  QueryService,
  RecommenderDefinition,
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
  StreamDefinition,
  TableSettings,
  TimePartition,
  TopicDefinition,
  UnnestDefinition,
  WindowDefinition,
  WindowedFeature,
} from './app/index.ts'
export type { HistoryEntry, ModelSummary, ModelVersion } from './registry/index.ts'
export type {
  EntityScore,
  PredictAnswer,
  Prediction,
  PredictOptions,
  PredictRow,
  Reason,
  ScoresAnswer,
} from './serving/index.ts'
export type { SandboxResult } from './sql/index.ts'
/** The zod that schemas must come from: two copies would not know each other's types. */
export { z } from 'zod'
export { isMillraceError, MillraceError, type Duration, type EventSchema } from './core/index.ts'
