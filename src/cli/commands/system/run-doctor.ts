import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import type { GroupAnswer, StatusAnswer, TopicAnswer } from '../../../api/index.ts'
import type { StoredProblem } from '../../../app/index.ts'
import { defineCommand, type CommandTools } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { dataFolders, findUrl } from '../../instance.ts'
import { topicFindings } from '../../topic-findings.ts'

interface Finding {
  readonly check: string
  readonly ok: boolean
  readonly detail: string
  /** What to do when it is not ok. */
  readonly next?: string
}

/** Below this a lake, its compaction and a training may not fit. */
const FREE_BYTES_MIN = 1024 ** 3

export const runDoctor = defineCommand<{ quick?: boolean }>({
  name: 'doctor',
  summary:
    'check this machine, the running instance and everything stored, and say what to do next',
  options: [{ flags: '--quick', description: 'do not read the stored files' }],
  async run({ options: flags }, tools) {
    const { output, options } = tools
    const findings = [checkNode(), ...(await checkFolders(dataFolders(options)))]
    const url = findUrl(options)
    findings.push(...(await checkInstance(tools, url)))
    if (flags.quick !== true) findings.push(...(await checkStores(tools, url)))
    await output.data(findings, () => {
      for (const { check, ok, detail, next } of findings) {
        output.line(`${ok ? 'ok ' : 'NOT'} ${check}: ${detail}`)
        if (next !== undefined) output.line(`      ${next}`)
      }
    })
    const bad = findings.filter(({ ok }) => !ok)
    if (bad.length > 0) {
      throw cliError('CLI_NOT_READY', `${bad.length} of ${findings.length} checks need attention`)
    }
  },
})

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const ok = major > 20 || (major === 20 && minor >= 19)
  const detail = `${process.versions.node} on ${process.platform} ${process.arch}`
  return { check: 'Node.js', ok, detail, ...(ok ? {} : { next: 'install Node.js 20.19 or newer' }) }
}

async function checkFolders(folders: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const folder of folders) {
    if (!existsSync(folder)) {
      findings.push({ check: 'data folder', ok: true, detail: `${folder} is not there yet` })
      continue
    }
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const ok = free >= FREE_BYTES_MIN
    const detail = `${folder}, ${(free / 1024 ** 3).toFixed(1)} GiB free`
    findings.push({
      check: 'data folder',
      ok,
      detail,
      ...(ok ? {} : { next: 'free at least 1 GiB on this disk' }),
    })
  }
  return findings
}

async function checkInstance(tools: CommandTools, url: string | undefined): Promise<Finding[]> {
  if (url === undefined) {
    const next = 'start one with: millrace start app.ts'
    return [{ check: 'instance', ok: false, detail: 'none runs', next }]
  }
  const api = await tools.connect('read')
  const status = await api.get<StatusAnswer>('/v1/status')
  const findings: Finding[] = [
    { check: 'instance', ok: true, detail: `${status.app} ${status.version} at ${url}` },
  ]
  for (const { role, ready, waiting } of status.roles) {
    findings.push({
      check: role,
      ok: ready,
      detail: ready ? 'ready' : waiting.join('; '),
      ...(ready ? {} : { next: nextStep(role, status) }),
    })
  }
  for (const { name, failure } of status.tables) {
    if (failure !== null) findings.push({ check: `table ${name}`, ok: false, detail: failure })
  }
  for (const { topic, state, error } of status.sources) {
    if (state === 'failed')
      findings.push({ check: `source of ${topic}`, ok: false, detail: error ?? '' })
  }
  for (const { name, problem } of status.models) {
    if (problem !== null) {
      const next = `go back to a good version with: millrace models rollback ${name}`
      findings.push({ check: `model ${name}`, ok: false, detail: problem, next })
    }
  }
  const { topics } = await api.get<{ topics: TopicAnswer[] }>('/v1/topics')
  const { groups } = await api.get<{ groups: GroupAnswer[] }>('/v1/groups')
  findings.push(...topicFindings(topics, groups))
  return [...findings, ...status.warnings.map((detail) => ({ check: 'warning', ok: true, detail }))]
}

/** Digests and checksums of what is stored: by the instance, or of lake and log of folders that nobody has open. */
async function checkStores(tools: CommandTools, url: string | undefined): Promise<Finding[]> {
  let problems: readonly StoredProblem[] = []
  if (url === undefined) {
    const { verifyFolder } = await import('../../../app/index.ts')
    for (const folder of dataFolders(tools.options))
      problems = [...problems, ...(await verifyFolder(folder))]
  } else {
    const api = await tools.connect('change')
    problems = (await api.post<{ problems: StoredProblem[] }>('/v1/verify', {})).problems
  }
  if (problems.length === 0) {
    const what = url === undefined ? 'lake and log' : 'lake, log and models'
    return [{ check: 'stored files', ok: true, detail: `${what}: every checksum is right` }]
  }
  return problems.map(({ store, name, file, problem, next }) => ({
    check: `${store} ${name}`,
    ok: false,
    detail: `${file}: ${problem}`,
    next,
  }))
}

function nextStep(role: string, status: StatusAnswer): string {
  if (role !== 'serve') return 'look into the log of the instance'
  const running = status.sources.some(({ state }) => state === 'running')
  if (running) return 'wait: events are coming in'
  return 'send events: millrace produce FILE --topic TOPIC, or POST /v1/topics/{topic}/events'
}
