/** The kinds of models, one lazy line each: a kind is loaded when it is first used. */
import type { ModelKind } from './model.ts'
import type { RecommenderKind } from './recommender.ts'

export const modelCatalog = {
  bias: () => import('./bias/bias.ts').then((folder) => folder.bias),
  'boosted-trees': () =>
    import('./boosted-trees/boosted-trees.ts').then((folder) => folder.boostedTrees),
  'boosted-trees-regressor': () =>
    import('./boosted-trees/boosted-trees.ts').then((folder) => folder.boostedTreesRegressor),
  'elastic-net': () => import('./elastic-net/elastic-net.ts').then((folder) => folder.elasticNet),
  factorization: () =>
    import('./factorization/factorization.ts').then((folder) => folder.factorization),
  kmeans: () => import('./kmeans/kmeans.ts').then((folder) => folder.kmeans),
  logistic: () => import('./logistic/logistic.ts').then((folder) => folder.logistic),
  majority: () => import('./majority/majority.ts').then((folder) => folder.majority),
  mean: () => import('./mean/mean.ts').then((folder) => folder.mean),
  'naive-bayes': () => import('./naive-bayes/naive-bayes.ts').then((folder) => folder.naiveBayes),
  'one-cluster': () => import('./one-cluster/one-cluster.ts').then((folder) => folder.oneCluster),
  'random-forest': () =>
    import('./random-forest/random-forest.ts').then((folder) => folder.randomForest),
  'random-forest-regressor': () =>
    import('./random-forest/random-forest.ts').then((folder) => folder.randomForestRegressor),
  ridge: () => import('./ridge/ridge.ts').then((folder) => folder.ridge),
} as const satisfies Record<string, () => Promise<ModelKind>>

/** The kinds of recommenders. */
export const recommenderCatalog = {
  als: () => import('./als/als.ts').then((folder) => folder.als),
  'item-knn': () => import('./item-knn/item-knn.ts').then((folder) => folder.itemKnn),
  popularity: () => import('./popularity/popularity.ts').then((folder) => folder.popularity),
} as const satisfies Record<string, () => Promise<RecommenderKind>>

export type ModelKindName = keyof typeof modelCatalog
export type RecommenderKindName = keyof typeof recommenderCatalog
