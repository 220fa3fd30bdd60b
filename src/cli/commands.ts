/** The table of commands: one line for each file of `commands/`, in the order of the help. A house test compares the two. */
import { startApp } from './commands/app/start-app.ts'
import { backUpData } from './commands/app/back-up-data.ts'
import { restoreData } from './commands/app/restore-data.ts'
import { getAnswer } from './commands/app/get-answer.ts'
import { newProject } from './commands/app/new-project.ts'
import { resetData } from './commands/app/reset-data.ts'
import { consumeTopic } from './commands/data/consume-topic.ts'
import { generateStream } from './commands/data/generate-stream.ts'
import { importFiles } from './commands/data/import-files.ts'
import { produceFile } from './commands/data/produce-file.ts'
import { createTopic } from './commands/topics/create-topic.ts'
import { deleteTopic } from './commands/topics/delete-topic.ts'
import { describeTopic } from './commands/topics/describe-topic.ts'
import { listTopics } from './commands/topics/list-topics.ts'
import { dropDeadLetters } from './commands/dead-letters/drop-dead-letters.ts'
import { listDeadLetters } from './commands/dead-letters/list-dead-letters.ts'
import { retryDeadLetters } from './commands/dead-letters/retry-dead-letters.ts'
import { showDeadLetter } from './commands/dead-letters/show-dead-letter.ts'
import { showLedger } from './commands/topics/show-ledger.ts'
import { describeGroup } from './commands/groups/describe-group.ts'
import { listGroups } from './commands/groups/list-groups.ts'
import { resetGroup } from './commands/groups/reset-group.ts'
import { kafkaConsoleConsumer } from './commands/kafka/kafka-console-consumer.ts'
import { kafkaConsoleProducer } from './commands/kafka/kafka-console-producer.ts'
import { kafkaConsumerGroups } from './commands/kafka/kafka-consumer-groups.ts'
import { kafkaTopics } from './commands/kafka/kafka-topics.ts'
import { exportBatches } from './commands/batches/export-batches.ts'
import { listBatches } from './commands/batches/list-batches.ts'
import { showBatch } from './commands/batches/show-batch.ts'
import { listStreams } from './commands/streams/list-streams.ts'
import { runDemo } from './commands/data/run-demo.ts'
import { compactTable } from './commands/sql/compact-table.ts'
import { flushBatches } from './commands/sql/flush-batches.ts'
import { listTables } from './commands/sql/list-tables.ts'
import { showTable } from './commands/sql/show-table.ts'
import { profileTable } from './commands/sql/profile-table.ts'
import { runSql } from './commands/sql/run-sql.ts'
import { evaluateVersion } from './commands/models/evaluate-version.ts'
import { listFeatures } from './commands/models/list-features.ts'
import { listHistory } from './commands/models/list-history.ts'
import { listModels } from './commands/models/list-models.ts'
import { predictRows } from './commands/models/predict-rows.ts'
import { promoteVersion } from './commands/models/promote-version.ts'
import { rollbackModel } from './commands/models/rollback-model.ts'
import { exportVersion } from './commands/models/export-version.ts'
import { showModel } from './commands/models/show-model.ts'
import { trainModels } from './commands/models/train-models.ts'
import { tuneModel } from './commands/models/tune-model.ts'
import { explainItem } from './commands/recommendations/explain-item.ts'
import { listSimilarItems } from './commands/recommendations/list-similar-items.ts'
import { recommendItems } from './commands/recommendations/recommend-items.ts'
import { runDoctor } from './commands/system/run-doctor.ts'
import { showConfig } from './commands/system/show-config.ts'
import { showStatus } from './commands/system/show-status.ts'
import { showVersion } from './commands/system/show-version.ts'

export const commands = {
  new: newProject,
  start: startApp,
  produce: produceFile,
  import: importFiles,
  consume: consumeTopic,
  generate: generateStream,
  demo: runDemo,
  'topics list': listTopics,
  'topics create': createTopic,
  'topics describe': describeTopic,
  'topics delete': deleteTopic,
  'dead-letters list': listDeadLetters,
  'dead-letters show': showDeadLetter,
  'dead-letters retry': retryDeadLetters,
  'dead-letters drop': dropDeadLetters,
  ledger: showLedger,
  'groups list': listGroups,
  'groups describe': describeGroup,
  'groups reset': resetGroup,
  'kafka-topics': kafkaTopics,
  'kafka-console-producer': kafkaConsoleProducer,
  'kafka-console-consumer': kafkaConsoleConsumer,
  'kafka-consumer-groups': kafkaConsumerGroups,
  'batches list': listBatches,
  'batches show': showBatch,
  'batches export': exportBatches,
  'streams list': listStreams,
  'tables list': listTables,
  'tables show': showTable,
  'tables profile': profileTable,
  'tables compact': compactTable,
  sql: runSql,
  flush: flushBatches,
  train: trainModels,
  tune: tuneModel,
  evaluate: evaluateVersion,
  'models list': listModels,
  'models export': exportVersion,
  'models show': showModel,
  'models promote': promoteVersion,
  'models rollback': rollbackModel,
  'models history': listHistory,
  features: listFeatures,
  predict: predictRows,
  get: getAnswer,
  recommend: recommendItems,
  similar: listSimilarItems,
  explain: explainItem,
  'config show': showConfig,
  status: showStatus,
  doctor: runDoctor,
  backup: backUpData,
  restore: restoreData,
  reset: resetData,
  version: showVersion,
} as const

/** What the commands of two words are about. */
export const groups: Readonly<Record<string, string>> = {
  topics: 'topics of the log',
  'dead-letters': 'events that could not be used',
  groups: 'consumer groups',
  batches: 'batches of the tables',
  streams: 'windows and other derived streams',
  tables: 'tables of the lake',
  models: 'models and their versions',
  config: 'settings of a start',
}
