/** Checks of derived streams: names, fields and their types, durations, what goes together. */
import { checkName, columnsOf, escapePointer, parseDuration } from '../../core/index.ts'
import { unnestShape, WINDOW_COLUMNS } from '../../stream/index.ts'
import type { AppDefinition, TopicDefinition } from '../define-app.ts'
import type { StreamDefinition, UnnestDefinition, WindowDefinition } from '../define-streams.ts'
import { EVENT_TIME_TYPES } from './check-topics.ts'
import { checkDuration, namesOf, reportErrors, type Report } from './issue-report.ts'
import { unnestSpec } from './streams.ts'

/** Numbers that an aggregate takes exactly. */
const NUMBER_TYPES = new Set(['integer', 'double'])
const KEY_TYPES = new Set(['integer', 'int64', 'text', 'boolean'])

/** True when every stream is sound, and its topic can be made. */
export function checkStreams(app: AppDefinition, report: Report): boolean {
  let isSound = true
  const note: Report = (path, message) => {
    isSound = false
    report(path, message)
  }
  for (const [name, stream] of Object.entries(app.streams ?? {})) {
    const path = `/streams/${escapePointer(name)}`
    reportErrors(note, path, () => checkName(name, 'stream name'))
    if (Object.hasOwn(app.topics, name)) note(path, 'is the name of a topic too: rename the stream')
    const source = sourceOf(app, stream, path, note)
    if (!source) continue
    if (stream.kind === 'window') checkWindow(stream, source, path, note)
    else checkUnnest(stream, source, path, note)
  }
  return isSound
}

function sourceOf(
  app: AppDefinition,
  stream: StreamDefinition,
  path: string,
  report: Report,
): TopicDefinition | undefined {
  const source = app.topics[stream.from]
  if (source && Object.hasOwn(app.topics, stream.from)) return source
  report(`${path}/from`, `"${stream.from}" is no topic of the app: use ${namesOf(app.topics)}`)
  return undefined
}

function checkUnnest(
  stream: UnnestDefinition,
  source: TopicDefinition,
  path: string,
  report: Report,
): void {
  reportErrors(report, path, () => unnestShape(unnestSpec(stream, source)))
  if (source.table === false) return
  report(
    `${path}/from`,
    `"${stream.from}" has a table, so its messages would be kept twice: set table: false there`,
  )
}

function checkWindow(
  stream: WindowDefinition,
  source: TopicDefinition,
  path: string,
  report: Report,
): void {
  if (source.table === false) {
    report(
      `${path}/from`,
      `"${stream.from}" has no table, which keeps what is no event as a dead letter: remove table: false there`,
    )
  }
  for (const field of ['every', 'idle', 'ahead'] as const) {
    checkDuration(stream[field], `${path}/${field}`, report)
  }
  if (stream.lateness !== undefined) {
    const { lateness } = stream
    reportErrors(report, `${path}/lateness`, () => parseDuration(lateness))
  }
  if (stream.empty === 'zero' && (stream.keys ?? []).length > 0) {
    report(
      `${path}/empty`,
      'is "zero" beside keys, which an empty window has none of: leave it out',
    )
  }
  checkWindowFields(stream, source, path, report)
}

function checkWindowFields(
  stream: WindowDefinition,
  source: TopicDefinition,
  path: string,
  report: Report,
): void {
  const types = new Map(columnsOf(source.schema).map(({ name, type }) => [name, type]))
  const check = (field: string, name: string, allowed: ReadonlySet<string>): void => {
    const type = types.get(name)
    if (type === undefined) report(field, `"${name}" is no field of "${stream.from}"`)
    else if (!allowed.has(type)) {
      report(field, `"${name}" is a ${type} column: use one of ${namesOf([...allowed])}`)
    }
  }
  if (stream.eventTime !== undefined) {
    check(`${path}/eventTime`, stream.eventTime, EVENT_TIME_TYPES)
  }
  const keys = stream.keys ?? []
  for (const [index, key] of keys.entries()) check(`${path}/keys/${index}`, key, KEY_TYPES)
  if (Object.keys(stream.aggregates).length === 0) {
    report(`${path}/aggregates`, 'is empty: declare at least one, for example rows: count()')
  }
  const taken = [...keys, ...WINDOW_COLUMNS.map(({ name }) => name)]
  for (const [name, aggregate] of Object.entries(stream.aggregates)) {
    const field = `${path}/aggregates/${escapePointer(name)}`
    if (taken.includes(name)) report(field, 'is the name of another column: rename it')
    if (aggregate.kind === 'count') continue
    const { of } = aggregate
    check(field, of.field, of.as === 'words' ? new Set(['text']) : NUMBER_TYPES)
  }
}
