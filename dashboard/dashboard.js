/**
 * The dashboard: asks `GET /v1/status` every second and shows it. It speaks only REST, loads nothing from elsewhere, and puts
 * what it shows into text nodes, so a name is never markup.
 *
 * @typedef {{ name: string, end: number }} Topic
 * @typedef {{ name: string, rows: number, bytes: number, files: number, lastBatch: number }} Table
 * @typedef {{ name: string, kind: string, versions: number, live: { version: number } | null, waiting: string | null, problem: string | null }} Model
 * @typedef {{ topic: string, source: string, position: number, total?: number, state: string, error?: string }} Source
 * @typedef {{ app: string, version: string, uptimeSeconds: number, ready: boolean, roles: { waiting: string[], warnings: string[] }[],
 *   sources: Source[], topics: Topic[], tables: Table[], models: Model[], jobs: { queued: number, running: number }, warnings: string[] }} Status
 * @typedef {{ version: number, reports: { split: string, metrics: Record<string, number>, baseline: Record<string, number>,
 *   intervals?: Record<string, [number, number]> }[], gate: { metric?: string } }} Version
 */

const PERIOD_MS = 1_000
/** Bars of the last minute. */
const SECONDS = 60

const whole = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id))

/**
 * @param {string} tag
 * @param {string | Node} content
 * @param {{ class?: string, scope?: string }} [attributes]
 */
function element(tag, content, attributes = {}) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(content)
  return made
}

/** @param {string} text */
const heading = (text) => element('th', text, { scope: 'row' })
/** @param {number} value */
const number = (value) => element('td', whole.format(value), { class: 'number' })

/**
 * @param {string} id
 * @param {Node[][]} rows
 * @param {string} none
 */
function fill(id, rows, none) {
  const made = rows.map((cells) => {
    const row = document.createElement('tr')
    row.append(...cells)
    return row
  })
  if (made.length === 0) {
    const row = document.createElement('tr')
    row.append(element('td', none, { class: 'quiet' }))
    made.push(row)
  }
  byId(id).replaceChildren(...made)
}

/**
 * Events of each second, oldest first, by topic.
 * @type {Map<string, { end: number, at: number, rates: number[] }>}
 */
const histories = new Map()

/** @param {Topic} topic @param {number} now */
function rateOf({ name, end }, now) {
  const before = histories.get(name)
  const rate = before
    ? Math.max(0, (end - before.end) / Math.max(0.001, (now - before.at) / 1_000))
    : 0
  const rates = [...(before?.rates ?? []), rate].slice(-SECONDS)
  histories.set(name, { end, at: now, rates })
  return { rate, rates }
}

const SVG = 'http://www.w3.org/2000/svg'

/** @param {number[]} rates @param {string} label */
function bars(rates, label) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${SECONDS} 10`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', label)
  const most = Math.max(1, ...rates)
  for (const [at, rate] of rates.entries()) {
    const bar = document.createElementNS(SVG, 'rect')
    const height = (10 * rate) / most
    bar.setAttribute('x', String(SECONDS - rates.length + at))
    bar.setAttribute('y', String(10 - height))
    bar.setAttribute('width', '0.8')
    bar.setAttribute('height', String(height))
    svg.append(bar)
  }
  return svg
}

/** @param {number} bytes */
const size = (bytes) =>
  bytes < 1_048_576
    ? `${short.format(bytes / 1_024)} KiB`
    : `${short.format(bytes / 1_048_576)} MiB`

/**
 * What the version that serves was measured at; asked for once a version.
 * @type {Map<string, string>}
 */
const figures = new Map()

/** @param {Model} model */
function figureOf({ name, live }) {
  if (live === null) return ''
  const key = `${name}@${live.version}`
  const known = figures.get(key)
  if (known !== undefined) return known
  figures.set(key, '…')
  void ask(`/v1/models/${encodeURIComponent(name)}/versions/${live.version}/metrics`)
    .then((version) => figures.set(key, figureText(/** @type {Version} */ (version))))
    .catch(() => figures.delete(key))
  return '…'
}

/** The metric that the gate decides by, on the most honest split. @param {Version} version */
function figureText({ reports, gate }) {
  const report = ['time', 'grouped', 'folds', 'random', 'gate', 'train']
    .map((split) => reports.find((one) => one.split === split))
    .find((one) => one !== undefined)
  if (!report) return ''
  const metric = gate.metric ?? Object.keys(report.metrics)[0] ?? ''
  const value = report.metrics[metric]
  if (value === undefined) return ''
  const interval = report.intervals?.[metric]
  const spread = interval ? ` (${short.format(interval[0])} to ${short.format(interval[1])})` : ''
  const trivial = report.baseline[metric]
  const beside = trivial === undefined ? '' : `, baseline ${short.format(trivial)}`
  return `${metric} ${short.format(value)}${spread}${beside}; ${report.split} split`
}

/** @param {Status} status @param {number} now */
function show(status, now) {
  document.title = `${status.app} · Millrace`
  byId('app').textContent = status.app
  const state = byId('state')
  const text = status.ready ? 'ready' : 'not ready yet'
  // Only a change is put in, so that a screen reader hears it once.
  if (state.textContent !== text) state.textContent = text
  state.className = status.ready ? 'ready' : ''
  const notes = new Set([
    ...status.roles.flatMap(({ waiting, warnings }) => [...waiting, ...warnings]),
    ...status.warnings,
  ])
  byId('notes').replaceChildren(...[...notes].map((note) => element('li', note)))
  fill(
    'topics',
    status.topics.map((topic) => {
      const { rate, rates } = rateOf(topic, now)
      const drawn = bars(rates, `events a second of ${topic.name} in the last minute`)
      return [
        heading(topic.name),
        number(topic.end),
        number(Math.round(rate)),
        element('td', drawn),
      ]
    }),
    'no topic yet',
  )
  fill(
    'tables',
    status.tables.map(({ name, rows, lastBatch, files, bytes }) => [
      heading(name),
      number(rows),
      number(lastBatch),
      number(files),
      element('td', size(bytes), { class: 'number' }),
    ]),
    'no table yet',
  )
  fill(
    'models',
    status.models.map((model) => [
      heading(model.name),
      element('td', model.kind),
      number(model.versions),
      element(
        'td',
        model.live === null ? (model.waiting ?? '–') : `${model.name}@${model.live.version}`,
      ),
      element('td', model.problem ?? figureOf(model)),
    ]),
    'the app declares none',
  )
  const { queued, running } = status.jobs
  byId('jobs').textContent = `${running} training, ${queued} waiting`
  byId('sources-section').hidden = status.sources.length === 0
  byId('sources').replaceChildren(
    ...status.sources.map(({ topic, source, position, total, state: how, error }) => {
      const of = total === undefined ? '' : ` of ${whole.format(total)}`
      return element(
        'li',
        `${source} → ${topic}: ${whole.format(position)}${of}, ${how}${error === undefined ? '' : `: ${error}`}`,
      )
    }),
  )
}

/** @param {string} path @returns {Promise<unknown>} */
async function ask(path) {
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return await response.json()
}

async function refresh() {
  try {
    const status = /** @type {Status} */ (await ask('/v1/status'))
    show(status, performance.now())
    byId('gone').hidden = true
  } catch {
    byId('gone').hidden = false
  }
  setTimeout(refresh, PERIOD_MS)
}

void refresh()
