/** What sends to the peer of I4-produce: unpacks the file, splits it, and posts a thousand lines at a time, one after the other. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

const [file = '', port = ''] = process.argv.slice(2)
const EVENTS = 1_000

async function post(lines: readonly string[]): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  })
  if (!answer.ok) throw new Error(await answer.text())
  await answer.arrayBuffer()
}

let lines: string[] = []
for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
  if (lines.push(line) < EVENTS) continue
  await post(lines)
  lines = []
}
if (lines.length > 0) await post(lines)
