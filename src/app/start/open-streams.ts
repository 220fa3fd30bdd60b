/** Opens the derived streams of an app; their topics and tables are there. */
import { columnsOf } from '../../core/index.ts'
import { openUnnest, openWindow, type DerivedStream } from '../../stream/index.ts'
import { unnestSpec, windowSpec } from '../definition/streams.ts'
import type { Setting } from './setting.ts'
import type { Stores } from './open-stores.ts'

export async function openStreams(
  { app, roles, clock, logger, metrics, closers }: Setting,
  { log }: Stores,
): Promise<ReadonlyMap<string, DerivedStream>> {
  const streams = new Map<string, DerivedStream>()
  if (!roles.has('sink')) return streams
  for (const [name, stream] of Object.entries(app.streams ?? {})) {
    const source = app.topics[stream.from]
    if (!source) continue
    const common = { log, name, from: stream.from, to: name, clock, logger, metrics }
    const opened =
      stream.kind === 'window'
        ? await openWindow({
            ...common,
            spec: windowSpec(stream, source),
            columns: columnsOf(source.schema),
          })
        : await openUnnest({ ...common, spec: unnestSpec(stream, source) })
    closers.add(`stream ${name}`, () => opened.close())
    streams.set(name, opened)
  }
  return streams
}
