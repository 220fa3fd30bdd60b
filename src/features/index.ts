export * from './feature-view.ts'
export { createFrameBuilder } from './frame-builder.ts'
export { openFeatureStore, type FeatureStoreOptions } from './feature-store.ts'
export {
  openInteractionStore,
  type CatalogItem,
  type InteractionStore,
  type InteractionStoreSpec,
} from './interaction-store.ts'
export type { Interaction, InteractionTable } from './interaction-table.ts'
