import type { Benchmark } from './benchmark.ts'
import type { fileIngestBenchmarks } from './http-ingest/file-ingest.ts'
import type { httpIngestBenchmarks } from './http-ingest/http-ingest.ts'
import type { growthBenchmarks } from './log-growth/log-growth.ts'
import type { brokerBenchmarks } from './broker-and-kafka/broker-and-kafka.ts'
import type { latencyBenchmarks } from './kafka-latency/kafka-latency.ts'
import type { lakeWriteBenchmarks } from './lake-write/lake-write.ts'

const logGrowth = (id: keyof typeof growthBenchmarks): Promise<Benchmark> =>
  import('./log-growth/log-growth.ts').then((folder) => folder.growthBenchmarks[id])

const brokerAndKafka = (id: keyof typeof brokerBenchmarks): Promise<Benchmark> =>
  import('./broker-and-kafka/broker-and-kafka.ts').then((folder) => folder.brokerBenchmarks[id])

const kafkaLatency = (id: keyof typeof latencyBenchmarks): Promise<Benchmark> =>
  import('./kafka-latency/kafka-latency.ts').then((folder) => folder.latencyBenchmarks[id])

const lakeWrite = (id: keyof typeof lakeWriteBenchmarks): Promise<Benchmark> =>
  import('./lake-write/lake-write.ts').then((folder) => folder.lakeWriteBenchmarks[id])

const httpIngest = (id: keyof typeof httpIngestBenchmarks): Promise<Benchmark> =>
  import('./http-ingest/http-ingest.ts').then((folder) => folder.httpIngestBenchmarks[id])

const fileIngest = (id: keyof typeof fileIngestBenchmarks): Promise<Benchmark> =>
  import('./http-ingest/file-ingest.ts').then((folder) => folder.fileIngestBenchmarks[id])

/** Every benchmark by id, one lazy line each. */
export const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  C1: () => import('./logistic-fit/logistic-fit.ts').then((folder) => folder.logisticC1),
  'C1-one-hot': () =>
    import('./logistic-fit/logistic-fit.ts').then((folder) => folder.logisticC1OneHot),
  C2: () => import('./boosted-trees/boosted-trees.ts').then((folder) => folder.treesC2),
  'C2-lightgbm': () =>
    import('./boosted-trees/boosted-trees.ts').then((folder) => folder.treesC2Lightgbm),
  'C2-xgboost': () =>
    import('./boosted-trees/boosted-trees.ts').then((folder) => folder.treesC2Xgboost),
  'C2-auc': () => import('./boosted-trees/trees-auc.ts').then((folder) => folder.treesAuc),
  C3: () => import('./boosted-trees/boosted-trees.ts').then((folder) => folder.treesC3),
  'C3-xgboost': () =>
    import('./boosted-trees/boosted-trees.ts').then((folder) => folder.treesC3Xgboost),
  'C3-row': () => import('./tree-serving/tree-serving.ts').then((folder) => folder.rowOverHttp),
  C4: () => import('./clusters/clusters.ts').then((folder) => folder.clustersC4),
  'C4-elkan': () => import('./clusters/clusters.ts').then((folder) => folder.clustersC4Elkan),
  C5: () => import('./clusters/clusters.ts').then((folder) => folder.clustersC5),
  'S6-trees': () => import('./tree-serving/tree-serving.ts').then((folder) => folder.tailOfTrees),
  'S6-trees-training': () =>
    import('./tree-serving/tree-serving.ts').then((folder) => folder.tailOfTreesWhileTraining),
  'G-trees-rows': () => import('./growth/trees-growth.ts').then((folder) => folder.treeRowsGrowth),
  'G-trees-columns': () =>
    import('./growth/trees-growth.ts').then((folder) => folder.treeColumnsGrowth),
  I1: () => httpIngest('I1'),
  I2: () => httpIngest('I2'),
  I3: () => fileIngest('I3'),
  'I4-produce': () => fileIngest('I4-produce'),
  K1: () => lakeWrite('K1'),
  K2: () => lakeWrite('K2'),
  K4: () => lakeWrite('K4'),
  K5: () => import('./lake-scan/lake-scan.ts').then((folder) => folder.lakeScan),
  L1: () => import('./log-append/log-append.ts').then((folder) => folder.logAppend),
  'L1-bare': () => import('./log-append/bare-append.ts').then((folder) => folder.bareAppend),
  'L1-sqlite': () => import('./log-append/sqlite-append.ts').then((folder) => folder.sqliteAppend),
  L2: () => import('./log-and-redis/log-and-redis.ts').then((folder) => folder.logAndRedis),
  L3: () => import('./log-and-nats/log-and-nats.ts').then((folder) => folder.logAndNats),
  'L3-unsynced': () =>
    import('./log-and-nats/log-and-nats.ts').then((folder) => folder.logAndUnsyncedNats),
  L4: () => import('./log-and-kafka/log-and-kafka.ts').then((folder) => folder.logAndKafka),
  'L4-default': () =>
    import('./log-and-kafka/log-and-kafka.ts').then((folder) => folder.logAndDefaultKafka),
  L4b: () => brokerAndKafka('L4b'),
  'L4b-1k': () => brokerAndKafka('L4b-1k'),
  'L4b-default': () => brokerAndKafka('L4b-default'),
  'L4b-unsynced': () => brokerAndKafka('L4b-unsynced'),
  'L4b-unsynced-1k': () => brokerAndKafka('L4b-unsynced-1k'),
  'L4b-consume': () => brokerAndKafka('L4b-consume'),
  'L4b-consume-1k': () => brokerAndKafka('L4b-consume-1k'),
  L5: () => import('./kafka-send/kafka-send.ts').then((folder) => folder.kafkaSend),
  'L5-consume': () =>
    import('./kafka-receive/kafka-receive.ts').then((folder) => folder.kafkaReceive),
  L6: () => import('./log-read/log-read.ts').then((folder) => folder.logRead),
  L7: () => kafkaLatency('L7'),
  'L7-p99': () => kafkaLatency('L7-p99'),
  'L7-unsynced': () => kafkaLatency('L7-unsynced'),
  'L7-unsynced-p99': () => kafkaLatency('L7-unsynced-p99'),
  'G-append': () => logGrowth('G-append'),
  'G-tail': () => logGrowth('G-tail'),
  'G-open': () => logGrowth('G-open'),
  'G-read': () => logGrowth('G-read'),
  'G-append-read': () => logGrowth('G-append-read'),
  T1: () => import('./als-train/als-train.ts').then((folder) => folder.alsT1),
  T2: () => import('./als-train/als-train.ts').then((folder) => folder.alsT2),
  'T2-256': () => import('./als-train/als-train.ts').then((folder) => folder.alsT2Wide),
  T3: () => import('./als-train/als-train.ts').then((folder) => folder.alsT3),
  'T3-128': () => import('./als-train/als-train.ts').then((folder) => folder.alsT3Wide),
  T9: () => import('./als-refresh/als-refresh.ts').then((folder) => folder.refreshT9),
  T7: () =>
    import('./explicit-ratings/explicit-ratings.ts').then((folder) => folder.explicitRatings),
  S1: () => import('./top-n/against-hnswlib.ts').then((folder) => folder.topNSmall),
  'S1-1M': () => import('./top-n/against-hnswlib.ts').then((folder) => folder.topNLarge),
  'S5-1M-50': () => import('./top-n/against-oryx.ts').then((folder) => folder.oryx1M50),
  'S5-5M-50': () => import('./top-n/against-oryx.ts').then((folder) => folder.oryx5M50),
  'S5-1M-250': () => import('./top-n/against-oryx.ts').then((folder) => folder.oryx1M250),
  'S5-5M-250': () => import('./top-n/against-oryx.ts').then((folder) => folder.oryx5M250),
  'G-interactions': () =>
    import('./growth/als-growth.ts').then((folder) => folder.interactionsGrowth),
  'G-d128': () => import('./growth/als-growth.ts').then((folder) => folder.gradientGrowth),
  'G-d256': () => import('./growth/als-growth.ts').then((folder) => folder.gradientGrowthWide),
  'G-exact': () => import('./growth/als-growth.ts').then((folder) => folder.exactGrowth),
  'G-scan': () => import('./growth/scan-growth.ts').then((folder) => folder.scanGrowth),
  'G-scan-10M': () => import('./growth/scan-growth.ts').then((folder) => folder.scanGrowthLarge),
  'G-fold-in': () => import('./growth/fold-in-growth.ts').then((folder) => folder.foldInGrowth),
  S3: () => import('./recommendations/over-http.ts').then((folder) => folder.overHttp),
  S6: () => import('./recommendations/over-http.ts').then((folder) => folder.tailOfLists),
  'S6-training': () =>
    import('./recommendations/over-http.ts').then((folder) => folder.tailWhileTraining),
  'T6-lastfm': () =>
    import('./list-quality/list-quality.ts').then((folder) => folder.qualityOnLastfm),
  'T6-ml-100k': () =>
    import('./list-quality/list-quality.ts').then((folder) => folder.qualityOnMl100k),
  'T6-ml-latest': () =>
    import('./list-quality/list-quality.ts').then((folder) => folder.qualityOnMlLatest),
}
