/** A topic's table: its settings as the lake takes them, and the checks of them. */
import { columnsOf, parseDuration, type Column } from '../../core/index.ts'
import { recordColumns, type Maintenance, type PartitionColumn } from '../../lake/index.ts'
import type { PartitionDefinition, TopicDefinition } from '../define-app.ts'
import { checkDuration, namesOf, type Report } from './issue-report.ts'

const TIME_TYPES: ReadonlySet<string> = new Set(['integer', 'int64', 'double', 'timestamp'])
const VALUE_TYPES: ReadonlySet<string> = new Set(['text', 'integer', 'int64', 'boolean'])
const FOLDER_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** As the lake takes them: the folders of `_type` are `type`, since some readers hide what begins with "_". */
export function partitionColumnsOf(topic: TopicDefinition): PartitionColumn[] {
  if (typeof topic.table !== 'object') return []
  return (topic.table.partitionBy ?? []).map(partitionColumn)
}

/** Merging saves a query the opening of so many files; below it is not worth writing rows again. */
const DEFAULT_COMPACT_FILES = 64

export function maintenanceOf({ table }: TopicDefinition): Maintenance {
  const { compact = {}, retention = {} } = typeof table === 'object' ? table : {}
  const merging = compact === false ? undefined : compact
  return {
    ...(merging && { compactFiles: merging.files ?? DEFAULT_COMPACT_FILES }),
    ...(merging?.targetBytes !== undefined && { targetBytes: merging.targetBytes }),
    ...(retention.age !== undefined && { retainMs: parseDuration(retention.age) }),
    ...(retention.bytes !== undefined && { retainBytes: retention.bytes }),
  }
}

function partitionColumn(definition: PartitionDefinition): PartitionColumn {
  if (typeof definition === 'string')
    return { name: definition.replace(/^_/, ''), from: definition }
  const { unit, of, as = unit } = definition
  return { name: as, from: of, unit }
}

/** The schema has been checked. */
export function checkTable(topic: TopicDefinition, path: string, report: Report): void {
  checkRetention(topic, `${path}/table/retention`, report)
  const fields = columnsOf(topic.schema)
  const columns = [...fields, ...recordColumns]
  const names = new Set<string>()
  for (const [index, { name, from, unit }] of partitionColumnsOf(topic).entries()) {
    const place = `${path}/table/partitionBy/${index}`
    const fault = faultOf({ name, from, unit }, columns)
    if (fault !== undefined) report(place, fault)
    else if (names.has(name.toLowerCase())) report(place, `gives "${name}" twice: ${rename(unit)}`)
    else if (name !== from && fields.some((field) => isSameName(field.name, name)))
      report(place, `makes a column "${name}", which the schema has already: ${rename(unit)}`)
    names.add(name.toLowerCase())
  }
}

function checkRetention({ table }: TopicDefinition, path: string, report: Report): void {
  if (typeof table !== 'object' || table.retention === undefined) return
  const { age, bytes } = table.retention
  if (age === undefined && bytes === undefined)
    report(path, 'has no limit: set age, bytes or both, or leave it out')
  checkDuration(age, `${path}/age`, report)
}

function faultOf(
  { name, from, unit }: PartitionColumn,
  columns: readonly Column[],
): string | undefined {
  const source = columns.find((column) => column.name === from)
  if (!source) {
    const usable = columns.filter(({ name: known }) => !known.startsWith('_'))
    return `"${from}" is no field of the schema: use ${namesOf(usable.map((column) => column.name))}`
  }
  if (unit === undefined && !VALUE_TYPES.has(source.type))
    return `"${from}" is a ${source.type} column, which makes too many folders: use day('${from}') if it is a time, or a text, a whole number or a boolean`
  if (unit !== undefined && !TIME_TYPES.has(source.type))
    return `"${from}" is a ${source.type} column and no time: use a number or a date`
  if (!FOLDER_NAME.test(name))
    return `"${name}" is no name for a folder: use at most 64 letters, digits and "_", with a letter first`
  return undefined
}

const isSameName = (one: string, other: string): boolean =>
  one.toLowerCase() === other.toLowerCase()

const rename = (unit: PartitionColumn['unit']): string =>
  unit === undefined
    ? 'leave it out, or partition by that field'
    : `name it otherwise, ${unit}('…', { as: 'event_${unit}' })`
