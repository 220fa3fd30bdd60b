/**
 * Makes a project of one of the examples: its files as they are, a `package.json` that installs this version, and a test. The
 * templates are copied from `examples/` when the package is built, so that an example and its template cannot differ.
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageVersion, quote } from '../core/index.ts'
import { cliError } from './errors.ts'

const TEMPLATES = fileURLToPath(new URL('../templates/', import.meta.url))

export interface NewProject {
  readonly dir: string
  readonly template: string
  readonly files: readonly string[]
}

export interface NewProjectOptions {
  /** What npm installs as `millrace`: a version, or a file. Default: this version. */
  readonly package?: string
}

/** Names of the templates, sorted. */
export async function templateNames(): Promise<string[]> {
  if (!existsSync(TEMPLATES)) return []
  return (await readdir(TEMPLATES)).toSorted()
}

/** Throws CLI_USAGE when there is no such template, or the folder has something in it. */
export async function newProject(
  dir: string,
  template: string,
  options: NewProjectOptions = {},
): Promise<NewProject> {
  const names = await templateNames()
  if (!names.includes(template)) {
    throw cliError(
      'CLI_USAGE',
      `there is no template ${quote(template)}: use one of ${names.join(', ')}`,
    )
  }
  const target = resolve(dir)
  await mkdir(target, { recursive: true })
  if ((await readdir(target)).length > 0) {
    throw cliError('CLI_USAGE', `folder ${quote(target)} is not empty: name a new one`)
  }
  const from = join(TEMPLATES, template)
  await cp(from, target, { recursive: true })
  const name = projectName(target)
  await writeFile(join(target, 'package.json'), await packageFile(from, name, options))
  await writeFile(join(target, 'README.md'), await readme(from, template))
  await writeFile(join(target, '.gitignore'), 'node_modules/\n.millrace/\n')
  await writeFile(join(target, 'tsconfig.json'), TSCONFIG)
  await writeFile(join(target, 'app.test.mjs'), TEST)
  return { dir: target, template, files: (await readdir(target)).toSorted() }
}

/** A name that npm takes. */
function projectName(dir: string): string {
  const name = basename(dir)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
  return name === '' ? 'millrace-app' : name
}

async function packageFile(
  from: string,
  name: string,
  options: NewProjectOptions,
): Promise<string> {
  const example = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>
    dependencies?: Record<string, string>
  }
  const made = {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: { ...example.scripts, test: 'node --test' },
    dependencies: { ...example.dependencies, millrace: options.package ?? `^${packageVersion()}` },
  }
  return `${JSON.stringify(made, null, 2)}\n`
}

/** The example's own, with the lines that a project of its own needs. */
async function readme(from: string, template: string): Promise<string> {
  const text = await readFile(join(from, 'README.md'), 'utf8')
  const [title = '', ...rest] = text.split('\n')
  const own = rest
    .join('\n')
    .replaceAll(` -w examples/${template}`, '')
    .replaceAll(/ +# from the project's root; or `npm start` in this folder$/gm, '')
  return `${title}\n\n\`npm install && npm start\` runs it, \`npm test\` tests it; Node.js is all that it needs.\n${own}`
}

const TSCONFIG = `{
  "compilerOptions": {
    "module": "nodenext",
    "target": "es2023",
    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true
  }
}
`

const TEST = `/** The app starts on an empty folder, takes events, and answers SQL. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

let dataDir
let app
let output = ''

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'app-'))
  const main = new URL(import.meta.resolve('millrace/package.json'))
  const args = ['start', 'app.ts', '--port', '0', '--no-broker', '--data-dir', dataDir]
  app = spawn(process.execPath, [new URL('dist/cli/main.js', main).pathname, ...args])
  for (const stream of [app.stdout, app.stderr]) stream.on('data', (text) => (output += text))
})

after(async () => {
  app.kill('SIGTERM')
  await new Promise((resolve) => (app.exitCode === null ? app.once('exit', resolve) : resolve()))
  await rm(dataDir, { recursive: true, force: true })
})

async function url() {
  for (let i = 0; i < 600; i++) {
    const found = /REST +(\\S+)/.exec(output)?.[1]
    if (found !== undefined) return found
    assert.equal(app.exitCode, null, output)
    await pause(100)
  }
  throw new Error(\`the app did not start: \${output}\`)
}

test('it is ready for events and for SQL', async () => {
  const base = await url()
  for (const role of ['ingest', 'query']) {
    const answer = await fetch(\`\${base}/readyz?role=\${role}\`)
    assert.equal(answer.status, 200, await answer.text())
  }
})

test('each table answers', async () => {
  const base = await url()
  const { tables } = await (await fetch(\`\${base}/v1/tables\`)).json()
  assert.ok(tables.length > 1)
  for (const { name } of tables) {
    const answer = await fetch(\`\${base}/v1/sql\`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql: \`select count(*) from "\${name}"\` }),
    })
    assert.equal(answer.status, 200, await answer.text())
  }
})
`
