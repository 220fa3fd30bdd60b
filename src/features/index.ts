export * from './feature-view.ts'
export { createFrameBuilder } from './frame-builder.ts'
export { openFeatureStore, type FeatureStoreOptions } from './feature-store.ts'
