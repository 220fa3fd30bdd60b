/** A generated stream as lines or as the files that a publisher would pack. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { EventSource, openGenerator } from '../app/index.ts'
import { userPath } from './instance.ts'

type Generated = Awaited<ReturnType<typeof openGenerator>>

export async function* eventLines(
  source: EventSource,
  format: 'ndjson' | 'csv',
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  let names: readonly string[] | undefined
  for await (const events of source.events(1, signal)) {
    const lines: string[] = []
    for (const { bytes } of events) {
      const text = Buffer.from(bytes).toString()
      if (format === 'ndjson') {
        lines.push(text)
        continue
      }
      const event = JSON.parse(text) as Record<string, unknown>
      if (!names) {
        names = Object.keys(event)
        lines.push(names.join(','))
      }
      lines.push(names.map((name) => String(event[name])).join(','))
    }
    yield `${lines.join('\n')}\n`
  }
}

/** Writes the stream's file and the reference files; answers their paths. */
export async function writeGenerated(
  generated: Generated,
  out: string,
  signal: AbortSignal,
): Promise<string[]> {
  const folder = userPath(out)
  await mkdir(folder, { recursive: true })
  const stream = join(folder, generated.file ?? 'ratings.csv')
  const format = stream.endsWith('.csv') ? 'csv' : 'ndjson'
  const lines = eventLines(generated.source, format, signal)
  await pipeline(Readable.from(lines), createWriteStream(stream))
  const written = [stream]
  for (const name of await generated.folder.list()) {
    const file = await generated.folder.find(name)
    if (!file) continue
    const path = join(folder, name)
    await pipeline(Readable.from(file.read(signal)), createWriteStream(path))
    written.push(path)
  }
  return written
}
