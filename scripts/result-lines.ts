/** Results that `--record` appends to a file, one JSON object a line. */
import { existsSync, readFileSync } from 'node:fs'

/** None when nothing was recorded yet. */
export const resultLines = <Line>(path: string): Line[] =>
  (existsSync(path) ? readFileSync(path, 'utf8') : '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
