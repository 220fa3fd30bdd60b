/**
 * C7: predictions asked for with fields that are missing, of a wrong type, not finite, beyond every range or unknown, and with
 * others that nobody declared. Each is answered with finite numbers, the same when asked again, or refused with the place of
 * the fault; none is a 500. A round is one request.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { buildServer } from '../../../src/api/index.ts'
import {
  classifier,
  defineApp,
  regressor,
  startApp,
  topic,
  type RunningApp,
} from '../../../src/app/index.ts'
import { createRandom, type Random } from '../../../src/kernels/index.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'

const ROWS = 400
const app = defineApp({
  name: 'hostile',
  topics: {
    visits: topic({
      schema: z.object({ town: z.string(), a: z.number(), b: z.number(), stays: z.boolean() }),
      batch: { rows: ROWS },
    }),
  },
  models: {
    linear: classifier({ label: 'stays', columns: ['a', 'b'] }),
    trees: classifier({
      label: 'stays',
      columns: ['a', 'b'],
      categories: ['town'],
      kind: 'boosted-trees',
      params: { trees: 10 },
    }),
    value: regressor({ label: 'a + b', columns: ['a', 'b'] }),
  },
})
const MODELS = ['linear', 'trees', 'value'] as const

/** As they stand in the request: JSON has no word for some of them. */
const VALUES = [
  '0', '-0', '1', '0.5', '1e308', '-1e308', '1e400', '5e-324', '9007199254740993', 'null', 'true', '"1"', '"NaN"', '""',
  '"Infinity"', '[]', '{}', '[1]', '"\\u0000"', '"\\ud800"', '"elsewhere"', '"__proto__"', 'NaN', '-', '01',
] as const // prettier-ignore
const NAMES = ['a', 'b', 'town', 'stays', 'c', '__proto__', 'constructor', ''] as const

export const badInput: Soak = async ({ seed, rounds = 500 }) => {
  const began = performance.now()
  const findings = createFindings()
  const random = createRandom(seed)
  const dir = await mkdtemp(join(tmpdir(), 'millrace-c7-'))
  const statuses: Record<string, number> = {}
  const running = await startApp(app, { dataDir: dir, training: false })
  const server = buildServer(running)
  const ask = async (model: string, payload: string): Promise<{ status: number; text: string }> => {
    const { statusCode, payload: text } = await server.inject({
      method: 'POST',
      url: `/v1/models/${model}/predict`,
      headers: { 'content-type': 'application/json' },
      payload,
    })
    return { status: statusCode, text }
  }
  try {
    await learn(running, random)
    for (let round = 0; round < rounds; round++) {
      const body = bodyOf(random)
      const model = MODELS[random.int(MODELS.length)]!
      await findings.attempt(`${model} asked ${body}`, async () => {
        const first = await ask(model, body)
        statuses[first.status] = (statuses[first.status] ?? 0) + 1
        assertSound(first.status, first.text)
        const again = await ask(model, body)
        const same = withoutOwnId(again.text) === withoutOwnId(first.text)
        if (again.status !== first.status || !same)
          throw new Anomaly('changed', `${first.text} and then ${again.text}`)
      })
    }
  } finally {
    await server.close()
    await running.stop()
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'C7', promise: 'P12', seed, rounds, acknowledged: statuses[200] ?? 0 }
  return { ...facts, anomalies, worst, seconds, more: { statuses } }
}

async function learn(running: RunningApp, random: Random): Promise<void> {
  for (let row = 0; row < ROWS; row++) {
    const [a, b] = [random.gaussian(), random.gaussian()]
    const town = `town-${random.int(5)}`
    await running.routes.publish('visits', { town, a, b, stays: a + b > 0 })
  }
  await running.sinks.get('visits')!.flush()
  for (const model of MODELS) {
    const [job] = await running.trainer.train({ model, trigger: 'manual', by: 'C7' })
    const { state, error } = await running.trainer.wait(job!.id)
    if (state !== 'succeeded') throw new Error(`${model}: ${state} ${error?.message ?? ''}`)
  }
  await running.serving.settled()
}

/** One row or several; half of the requests have one fault at most, the others what comes. */
function bodyOf(random: Random): string {
  const isMild = random.uniform() < 0.5
  const rows = 1 + random.int(3)
  const faulty = random.int(rows * 3)
  const row = (number: number): string => {
    const names = NAMES.filter((_, at) => isMild || random.uniform() < (at < 3 ? 0.85 : 0.1))
    const fields = names.slice(0, isMild ? 3 : names.length).map((name, at) => {
      const isStrange = isMild ? number * 3 + at === faulty : random.uniform() < 0.5
      const usual = name === 'town' ? '"town-1"' : '0.25'
      return `${JSON.stringify(name)}:${isStrange ? VALUES[random.int(VALUES.length)]! : usual}`
    })
    return `{${fields.join(',')}}`
  }
  const all = Array.from({ length: rows }, (_, number) => row(number))
  return rows === 1 ? all[0]! : `[${all.join(',')}]`
}

/** A problem names its request. */
const withoutOwnId = (text: string): string =>
  text.replaceAll(/"(instance|requestId)":"[^"]*"/g, '')

interface Predictions {
  readonly predictions: readonly Readonly<Record<string, unknown>>[]
}
interface Problem {
  readonly code?: string
  readonly detail?: string
}

function assertSound(status: number, text: string): void {
  if (status !== 200) {
    const { code = '', detail = '' } = JSON.parse(text) as Problem
    if (status < 400 || status > 422 || code === '' || detail === '')
      throw new Anomaly('refused', `${status} ${text}`)
    return
  }
  const { predictions } = JSON.parse(text) as Predictions
  for (const { probability, value } of predictions) {
    // JSON has null for what is not finite.
    const number = probability ?? value
    if (typeof number !== 'number' || !Number.isFinite(number)) throw new Anomaly('changed', text)
    if (probability !== undefined && (number < 0 || number > 1)) throw new Anomaly('changed', text)
  }
}
