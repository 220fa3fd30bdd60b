export * from './model.ts'
export { ARTIFACT_FILES, decodeArtifact, encodeArtifact, type EncodedArtifact } from './artifact.ts'
export type { ModelKindName } from './catalog.ts'
export { loadModel, openKind, parseParams } from './open-model.ts'
