/** X1 to X4: whatever ends the process, and however often, the results come out the same. */
import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../../core/index.ts'
import { STEP_SEAMS, type StepSeam } from '../derived/derived-stream.ts'
import { eventually } from '../sink-world.conformance.ts'
import {
  inTwoPlaces,
  pass,
  results,
  send,
  WORDS,
  type Event,
  type OpenWindowPlace,
  type WindowPlace,
} from './window-world.conformance.ts'

const SPEC = { ...WORDS, latenessMs: 4_000, keys: ['user'] }

export function windowCrashChecks(makePlace: () => Promise<WindowPlace>): ConformanceCheck[] {
  return [
    ...STEP_SEAMS.map((seam) => ({
      guarantee: 'X2',
      name: `X2 a crash at "${seam}" leads to the same results`,
      run: () => inTwoPlaces(makePlace, (place, reference) => crashAt(seam, place, reference)),
    })),
    {
      guarantee: 'X1',
      name: 'X1 a crash at every seam of every step, again and again, doubles nothing',
      run: () => inTwoPlaces(makePlace, crashEverywhere),
    },
    {
      guarantee: 'X3',
      name: 'X3 a start in the middle of a window goes on with it',
      run: () => inTwoPlaces(makePlace, restart),
    },
  ]
}

/** Out of order up to and beyond the lateness, over two partitions, three users and six windows. */
const EVENTS: readonly Event[] = Array.from({ length: 120 }, (_, index) => ({
  at: index / 2 - (index % 7) * 1.3 + 10,
  msg: 'a b c'.slice(0, 1 + 2 * (index % 3)),
  user: `user-${index % 3}`,
  partition: index % 2,
}))

interface Outcome {
  readonly results: Awaited<ReturnType<typeof results>>
  readonly dropped: object
  readonly steps: boolean
}

async function outcomeOf(place: WindowPlace, open: OpenWindowPlace): Promise<Outcome> {
  await pass(place, open, 60_000)
  const { dropped, steps } = await open.stream.progress()
  // In which step a window was closed depends on how records were read; what is in it does not.
  const all = (await results(open)).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return { results: all, dropped, steps: steps > 0 }
}

async function undisturbed(place: WindowPlace): Promise<Outcome> {
  const open = await place.open(SPEC)
  await send(open, EVENTS)
  const outcome = await outcomeOf(place, open)
  await open.close()
  assert.ok(outcome.results.length >= 15, JSON.stringify(outcome))
  assert.ok('late' in outcome.dropped && Number(outcome.dropped.late) > 0, JSON.stringify(outcome))
  return outcome
}

/** Opens the place, and stops for ever when the seam is reached for the n-th time; true when it was. */
async function runTo(
  place: WindowPlace,
  isHere: (name: StepSeam) => boolean,
  events: readonly Event[],
): Promise<boolean> {
  let isStopped = false
  const open = await place.open(SPEC, (name) => {
    if (!isHere(name)) return undefined
    isStopped = true
    return new Promise<void>(() => {})
  })
  await send(open, events)
  const settled = pass(place, open, 60_000).catch(() => {})
  let isDone = false
  void settled.then(() => (isDone = true))
  await eventually(() => isStopped || isDone)
  await open.abandon()
  return isStopped
}

async function crashAt(seam: StepSeam, place: WindowPlace, reference: WindowPlace): Promise<void> {
  let left = 1
  assert.ok(await runTo(place, (name) => name === seam && left-- === 1, EVENTS))
  const open = await place.open(SPEC)
  const outcome = await outcomeOf(place, open)
  await open.close()
  assert.deepEqual(outcome, await undisturbed(reference))
}

async function crashEverywhere(place: WindowPlace, reference: WindowPlace): Promise<void> {
  let crashes = 0
  for (let at = 0; at < EVENTS.length; at += 40) {
    await runTo(place, () => true, EVENTS.slice(at, at + 40))
    for (const seam of STEP_SEAMS) {
      if (await runTo(place, (name) => name === seam, [])) crashes += 1
    }
  }
  assert.ok(crashes >= STEP_SEAMS.length, `${crashes} crashes`)
  const open = await place.open(SPEC)
  const { results: found } = await outcomeOf(place, open)
  const ids = found.map(({ id }) => id)
  assert.deepEqual(ids, [...new Set(ids)])
  await open.close()
  const expected = await undisturbed(reference)
  assert.equal(
    ids.every((id) => expected.results.some((one) => one.id === id)),
    true,
  )
}

async function restart(place: WindowPlace, reference: WindowPlace): Promise<void> {
  for (let at = 0; at < EVENTS.length; at += 9) {
    const open = await place.open(SPEC)
    await send(open, EVENTS.slice(at, at + 9))
    await open.stream.settle()
    await open.close()
  }
  const open = await place.open(SPEC)
  const outcome = await outcomeOf(place, open)
  await open.close()
  assert.deepEqual(outcome, await undisturbed(reference))
}
