/** Which app file a data folder belongs to, so that commands can read the folder when nothing runs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileOf = (dataDir: string): string => join(dataDir, 'run', 'app.json')

export function rememberApp(dataDir: string, file: string): void {
  mkdirSync(join(dataDir, 'run'), { recursive: true, mode: 0o700 })
  writeFileSync(fileOf(dataDir), `${JSON.stringify({ file })}\n`)
}

/** The app file, when it is known and still there. */
export function rememberedApp(dataDir: string): string | undefined {
  try {
    const { file } = JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as { file: string }
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}
