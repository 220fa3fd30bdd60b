export * from './serving.ts'
export { openServing, type ServingOptions } from './open-serving.ts'
export * from './recommendations/recommendations.ts'
export {
  openRecommendations,
  type RecommenderSetting,
} from './recommendations/open-recommendations.ts'
