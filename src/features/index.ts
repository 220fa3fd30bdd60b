export * from './feature-view.ts'
export { featureError } from './errors.ts'
export { createFrameBuilder } from './frame-builder.ts'
export { openFeatureStore, type FeatureStoreOptions } from './feature-store.ts'
