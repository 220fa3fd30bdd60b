export * from './model.ts'
export { ARTIFACT_FILES, decodeArtifact, encodeArtifact, type EncodedArtifact } from './artifact.ts'
export type { ModelKindName, RecommenderKindName } from './catalog.ts'
export {
  createInteractions,
  historyOf,
  type Combine,
  type InteractionRows,
} from './interactions.ts'
export { loadModel, openKind, openRecommenderKind, parseParams } from './open-model.ts'
export * from './recommender.ts'
