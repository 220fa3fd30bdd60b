/** Checks of the topics: names, columns, keys, event times, batch rules. */
import {
  checkName,
  checkTopicName,
  columnsOf,
  escapePointer,
  isDeadLetterTopic,
  isInternalTopic,
} from '../../core/index.ts'
import type { AppDefinition, TopicDefinition } from '../define-app.ts'
import { checkTable } from './check-table.ts'
import { checkDuration, namesOf, reportErrors, type Report } from './issue-report.ts'

/** Tables that the product itself feeds. */
export const PRODUCT_TABLES = ['predictions', 'impressions'] as const

export const EVENT_TIME_TYPES = new Set(['integer', 'int64', 'double', 'timestamp'])

/** True when every topic is sound. */
export function checkTopics(app: AppDefinition, outer: Report): boolean {
  let isSound = true
  const report: Report = (path, message) => {
    isSound = false
    outer(path, message)
  }
  reportErrors(report, '/name', () => checkName(app.name, 'app name'))
  if (Object.keys(app.topics).length === 0) report('/topics', 'is empty: declare at least one')
  for (const [name, topic] of Object.entries(app.topics)) {
    const path = `/topics/${escapePointer(name)}`
    checkOwnName(name, topic, path, report)
    checkFields(topic, path, report)
    checkBatch(topic, path, report)
  }
  return isSound
}

function checkOwnName(name: string, topic: TopicDefinition, path: string, report: Report): void {
  if (!reportErrors(report, path, () => checkTopicName(name))) return
  if (isInternalTopic(name) || isDeadLetterTopic(name)) {
    report(path, 'is a name of the product: choose one without "__millrace-" and ".dead-letters"')
    return
  }
  if (topic.table === false) return
  if ((PRODUCT_TABLES as readonly string[]).includes(name)) {
    report(path, `is a table of the product (${namesOf(PRODUCT_TABLES)}): choose another name`)
  }
  reportErrors(report, path, () => checkName(name, 'table name'))
}

function checkFields(topic: TopicDefinition, path: string, report: Report): void {
  if (!reportErrors(report, `${path}/schema`, () => columnsOf(topic.schema))) return
  const columns = columnsOf(topic.schema)
  if (columns.length === 0) report(`${path}/schema`, 'has no field: add at least one')
  const seen = new Set<string>()
  for (const { name } of columns) {
    const field = `${path}/schema/${escapePointer(name)}`
    if (name.startsWith('_')) {
      report(field, 'starts with "_", which is for columns of the product: rename it')
    }
    // SQL names columns without regard to case.
    if (seen.has(name.toLowerCase())) report(field, 'differs from another field only by case')
    seen.add(name.toLowerCase())
  }
  checkTable(topic, path, report)
  const names = columns.map(({ name }) => name)
  if (topic.key !== undefined && !names.includes(topic.key)) {
    report(`${path}/key`, `is no field of the schema: use ${namesOf(names)}`)
  }
  if (topic.id !== undefined && !names.includes(topic.id)) {
    report(`${path}/id`, `is no field of the schema: use ${namesOf(names)}`)
  }
  if (topic.eventTime === undefined) return
  const time = columns.find(({ name }) => name === topic.eventTime)
  if (!time) report(`${path}/eventTime`, `is no field of the schema: use ${namesOf(names)}`)
  else if (!EVENT_TIME_TYPES.has(time.type)) {
    report(`${path}/eventTime`, `is a ${time.type} column: use a number or a date`)
  }
}

function checkBatch(topic: TopicDefinition, path: string, report: Report): void {
  const { batch } = topic
  if (!batch) return
  if (Object.values(batch).every((rule) => rule === undefined)) {
    report(`${path}/batch`, 'has no rule: set at least one of rows, bytes, every, idle')
  }
  for (const rule of ['every', 'idle'] as const) {
    checkDuration(batch[rule], `${path}/batch/${rule}`, report)
  }
}
