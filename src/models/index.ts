export * from './model.ts'
export {
  ARTIFACT_FILES,
  artifactDigest,
  decodeArtifact,
  encodeArtifact,
  type EncodedArtifact,
} from './artifact.ts'
export { modelCatalog, type ModelKindName } from './catalog.ts'
export { selectRows } from './dataset.ts'
export { modelError } from './errors.ts'
export { loadModel, openKind, parseParams } from './open-model.ts'
