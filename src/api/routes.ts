/** The table of endpoints: one line for each file of `routes/`, by its path. A house test compares the two. */
import { removeAlias } from './routes/aliases/remove-alias.ts'
import { setAlias } from './routes/aliases/set-alias.ts'
import { flushBatches } from './routes/batches/flush-batches.ts'
import { listBatches } from './routes/batches/list-batches.ts'
import { getSequence } from './routes/events/get-sequence.ts'
import { postEvents } from './routes/events/post-events.ts'
import { postTopicEvents } from './routes/events/post-topic-events.ts'
import { getFeatures } from './routes/features/get-features.ts'
import { getGroup } from './routes/groups/get-group.ts'
import { listGroups } from './routes/groups/list-groups.ts'
import { resetGroup } from './routes/groups/reset-group.ts'
import { cancelJob } from './routes/jobs/cancel-job.ts'
import { getJob } from './routes/jobs/get-job.ts'
import { listJobs } from './routes/jobs/list-jobs.ts'
import { getModel } from './routes/models/get-model.ts'
import { listClusters } from './routes/models/list-clusters.ts'
import { listHistory } from './routes/models/list-history.ts'
import { listModels } from './routes/models/list-models.ts'
import { listFeatures } from './routes/models/list-features.ts'
import { listScores } from './routes/models/list-scores.ts'
import { predictRows } from './routes/models/predict-rows.ts'
import { promoteVersion } from './routes/models/promote-version.ts'
import { rollbackModel } from './routes/models/rollback-model.ts'
import { trainModel } from './routes/models/train-model.ts'
import { tuneModel } from './routes/models/tune-model.ts'
import { getFreshness } from './routes/models/get-freshness.ts'
import { listKnownItems } from './routes/users/list-known-items.ts'
import { getUser } from './routes/users/get-user.ts'
import { listNeighbors } from './routes/users/list-neighbors.ts'
import { listSurprisingItems } from './routes/users/list-surprising-items.ts'
import { listUsers } from './routes/users/list-users.ts'
import { listRepresentativeItems } from './routes/items/list-representative-items.ts'
import { hideItem } from './routes/items/hide-item.ts'
import { patchItem } from './routes/items/patch-item.ts'
import { putItem } from './routes/items/put-item.ts'
import { listImpressions } from './routes/models/list-impressions.ts'
import { listActiveUsers } from './routes/users/list-active-users.ts'
import { getItem } from './routes/items/get-item.ts'
import { listItems } from './routes/items/list-items.ts'
import { listItemUsers } from './routes/items/list-item-users.ts'
import { listSimilarItems } from './routes/items/list-similar-items.ts'
import { postSimilarity } from './routes/items/post-similarity.ts'
import { listPopularItems } from './routes/items/list-popular-items.ts'
import { listTrendingItems } from './routes/items/list-trending-items.ts'
import { listNewestItems } from './routes/items/list-newest-items.ts'
import { getBecause } from './routes/recommendations/get-because.ts'
import { getRecommendations } from './routes/recommendations/get-recommendations.ts'
import { postEstimates } from './routes/recommendations/post-estimates.ts'
import { postRecommendations } from './routes/recommendations/post-recommendations.ts'
import { runSql } from './routes/sql/run-sql.ts'
import { listStreams } from './routes/streams/list-streams.ts'
import { createBackup } from './routes/system/create-backup.ts'
import { getHealthz } from './routes/system/get-healthz.ts'
import { getIndex } from './routes/system/get-index.ts'
import { getLimits } from './routes/system/get-limits.ts'
import { getLivez } from './routes/system/get-livez.ts'
import { getMetrics } from './routes/system/get-metrics.ts'
import { getOpenapi } from './routes/system/get-openapi.ts'
import { getReadyz } from './routes/system/get-readyz.ts'
import { getStatus } from './routes/system/get-status.ts'
import { verifyStores } from './routes/system/verify-stores.ts'
import { compactTable } from './routes/tables/compact-table.ts'
import { getBatch } from './routes/tables/get-batch.ts'
import { getTable } from './routes/tables/get-table.ts'
import { listTableBatches } from './routes/tables/list-table-batches.ts'
import { listTables } from './routes/tables/list-tables.ts'
import { createTopic } from './routes/topics/create-topic.ts'
import { deleteTopic } from './routes/topics/delete-topic.ts'
import { getDeadLetter } from './routes/topics/get-dead-letter.ts'
import { dropDeadLetter } from './routes/topics/drop-dead-letter.ts'
import { retryDeadLetter } from './routes/topics/retry-dead-letter.ts'
import { getLedger } from './routes/topics/get-ledger.ts'
import { getTopic } from './routes/topics/get-topic.ts'
import { listDeadLetters } from './routes/topics/list-dead-letters.ts'
import { listRecords } from './routes/topics/list-records.ts'
import { listTopics } from './routes/topics/list-topics.ts'
import { streamRecords } from './routes/topics/stream-records.ts'
import { getSegment } from './routes/users/get-segment.ts'
import { getArtifactFile } from './routes/versions/get-artifact-file.ts'
import { getArtifact } from './routes/versions/get-artifact.ts'
import { getVersionMetrics } from './routes/versions/get-version-metrics.ts'
import { getVersion } from './routes/versions/get-version.ts'
import { listVersions } from './routes/versions/list-versions.ts'

export const routes = {
  'events/get-sequence': getSequence,
  'events/post-events': postEvents,
  'events/post-topic-events': postTopicEvents,
  'topics/create-topic': createTopic,
  'topics/delete-topic': deleteTopic,
  'topics/get-topic': getTopic,
  'topics/get-ledger': getLedger,
  'topics/list-dead-letters': listDeadLetters,
  'topics/get-dead-letter': getDeadLetter,
  'topics/retry-dead-letter': retryDeadLetter,
  'topics/drop-dead-letter': dropDeadLetter,
  'topics/list-records': listRecords,
  'topics/list-topics': listTopics,
  'topics/stream-records': streamRecords,
  'groups/get-group': getGroup,
  'groups/list-groups': listGroups,
  'groups/reset-group': resetGroup,
  'tables/compact-table': compactTable,
  'tables/get-batch': getBatch,
  'tables/get-table': getTable,
  'tables/list-table-batches': listTableBatches,
  'tables/list-tables': listTables,
  'batches/flush-batches': flushBatches,
  'batches/list-batches': listBatches,
  'streams/list-streams': listStreams,
  'sql/run-sql': runSql,
  'features/get-features': getFeatures,
  'models/get-model': getModel,
  'models/list-clusters': listClusters,
  'models/list-history': listHistory,
  'models/list-models': listModels,
  'models/list-features': listFeatures,
  'models/list-scores': listScores,
  'models/predict-rows': predictRows,
  'models/promote-version': promoteVersion,
  'models/rollback-model': rollbackModel,
  'models/train-model': trainModel,
  'models/tune-model': tuneModel,
  'versions/get-artifact-file': getArtifactFile,
  'versions/get-artifact': getArtifact,
  'versions/get-version-metrics': getVersionMetrics,
  'versions/get-version': getVersion,
  'versions/list-versions': listVersions,
  'aliases/remove-alias': removeAlias,
  'aliases/set-alias': setAlias,
  'jobs/cancel-job': cancelJob,
  'jobs/get-job': getJob,
  'jobs/list-jobs': listJobs,
  'models/get-freshness': getFreshness,
  'users/list-known-items': listKnownItems,
  'users/list-active-users': listActiveUsers,
  'users/list-users': listUsers,
  'items/put-item': putItem,
  'items/patch-item': patchItem,
  'items/hide-item': hideItem,
  'models/list-impressions': listImpressions,
  'users/get-user': getUser,
  'users/list-neighbors': listNeighbors,
  'users/list-surprising-items': listSurprisingItems,
  'items/list-representative-items': listRepresentativeItems,
  'items/get-item': getItem,
  'items/list-items': listItems,
  'items/list-item-users': listItemUsers,
  'items/list-similar-items': listSimilarItems,
  'items/post-similarity': postSimilarity,
  'items/list-popular-items': listPopularItems,
  'items/list-trending-items': listTrendingItems,
  'items/list-newest-items': listNewestItems,
  'recommendations/get-because': getBecause,
  'recommendations/get-recommendations': getRecommendations,
  'recommendations/post-estimates': postEstimates,
  'recommendations/post-recommendations': postRecommendations,
  'users/get-segment': getSegment,
  'system/create-backup': createBackup,
  'system/get-healthz': getHealthz,
  'system/get-index': getIndex,
  'system/get-limits': getLimits,
  'system/get-livez': getLivez,
  'system/get-metrics': getMetrics,
  'system/get-openapi': getOpenapi,
  'system/get-readyz': getReadyz,
  'system/get-status': getStatus,
  'system/verify-stores': verifyStores,
} as const
