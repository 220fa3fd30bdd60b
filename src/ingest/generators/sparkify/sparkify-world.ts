/**
 * Listeners and songs of a made-up music service. Each listener has a planted discontent d ~ N(0, 1), which no event shows by
 * itself: it moves how often adverts are rolled and thumbs go down, and the hazard of cancelling,
 *
 *   h = HAZARD · exp(DISCONTENT · d)   a day.
 */
import type { Random } from '../../../kernels/index.ts'

/** A day without discontent: with the spread below, 22 of 100 listeners cancel within 61 days, as in the genuine log. */
const HAZARD = 0.0027
const DISCONTENT = 1.2

export const DAY_MS = 86_400_000
/** 2018-10-01T00:00:00Z, as in the genuine log. */
export const START_MS = 1_538_352_000_000

export interface Listeners {
  readonly count: number
  readonly discontent: Float64Array
  /** Milliseconds after the start; infinite for who never cancels. */
  readonly cancelMs: Float64Array
  /** Sessions a day. */
  readonly sessions: Float64Array
  /** Songs a session. */
  readonly songs: Float64Array
  readonly startsPaid: Uint8Array
  /** Fields of every event of the listener, as JSON without braces. */
  readonly fields: readonly string[]
}

export interface Songs {
  readonly count: number
  /** `"artist":…,"song":…,"length":…` */
  readonly fields: readonly string[]
  readonly seconds: Float64Array
}

export const hazardOf = (discontent: number): number => HAZARD * Math.exp(DISCONTENT * discontent)

export function createListeners(count: number, random: Random): Listeners {
  const discontent = Float64Array.from({ length: count }, () => random.gaussian())
  return {
    count,
    discontent,
    cancelMs: discontent.map((d) => (-Math.log(1 - random.uniform()) / hazardOf(d)) * DAY_MS),
    sessions: Float64Array.from({ length: count }, () => 0.22 * Math.exp(0.6 * random.gaussian())),
    songs: Float64Array.from({ length: count }, () => 42 * Math.exp(0.5 * random.gaussian())),
    startsPaid: Uint8Array.from({ length: count }, () => (random.uniform() < 0.6 ? 1 : 0)),
    fields: Array.from({ length: count }, () => listenerFields(random)),
  }
}

function listenerFields(random: Random): string {
  const isWoman = random.uniform() < 0.5
  const first = pick(isWoman ? WOMEN : MEN, random)
  const registered = START_MS - Math.floor((5 + 115 * random.uniform()) * DAY_MS)
  const fields = {
    location: pick(LOCATIONS, random),
    userAgent: pick(AGENTS, random),
    lastName: pick(LAST_NAMES, random),
    firstName: first,
    registration: registered - (registered % 1_000),
    gender: isWoman ? 'F' : 'M',
  }
  return JSON.stringify(fields).slice(1, -1)
}

export function createSongs(count: number, random: Random): Songs {
  const seconds = Float64Array.from({ length: count }, () => {
    // Mean 249 s, spread about 100 s, as in the genuine log.
    const length = 232 * Math.exp(0.37 * random.gaussian())
    return Math.round(length * 1e5) / 1e5
  })
  return {
    count,
    seconds,
    fields: Array.from(seconds, (length) => {
      const artist = `${pick(ARTIST_FIRST, random)} ${pick(ARTIST_LAST, random)}`
      const song = `${pick(TITLE_FIRST, random)} ${pick(TITLE_LAST, random)}`
      return JSON.stringify({ artist, song, length }).slice(1, -1)
    }),
  }
}

const pick = <T>(from: readonly T[], random: Random): T => from[random.int(from.length)]!

const WOMEN = ['Emilia', 'Ava', 'Nora', 'Lily', 'Kaylee', 'Sofia', 'Ruth', 'Maya', 'Chloe', 'Inês']
const MEN = ['Walter', 'Ryan', 'Jacob', 'Omar', 'Theo', 'Marcus', 'Liam', 'Jude', 'Björn', 'Kai']
const LAST_NAMES = [
  'House',
  'Frye',
  'Cruz',
  'Kirby',
  'Summers',
  'Levine',
  'Osborne',
  'Gomez',
  'Koch',
]
const LOCATIONS = [
  'New York-Newark-Jersey City, NY-NJ-PA',
  'Los Angeles-Long Beach-Anaheim, CA',
  'Chicago-Naperville-Elgin, IL-IN-WI',
  'Dallas-Fort Worth-Arlington, TX',
  'Boston-Cambridge-Newton, MA-NH',
  'Phoenix-Mesa-Scottsdale, AZ',
  'Atlanta-Sandy Springs-Roswell, GA',
  'Seattle-Tacoma-Bellevue, WA',
  'Charlotte-Concord-Gastonia, NC-SC',
]
const AGENTS = [
  'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0)',
  'Mozilla/5.0 (Windows NT 6.1; WOW64; rv:31.0) Gecko/20100101 Firefox/31.0',
  '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.125 Safari/537.36"',
  '"Mozilla/5.0 (iPhone; CPU iPhone OS 7_1_2 like Mac OS X) AppleWebKit/537.51.2 (KHTML, like Gecko) Version/7.0 Mobile/11D257 Safari/9537.53"',
  'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:31.0) Gecko/20100101 Firefox/31.0',
]
const ARTIST_FIRST = [
  'The Velvet',
  'Silver',
  'Northern',
  'Paper',
  'Electric',
  'Sleepy',
  'Golden',
  'DJ',
]
const ARTIST_LAST = [
  'Foxes',
  'Harbour',
  'Parade',
  'Lanterns',
  'Machine',
  'Orchard',
  'Sisters',
  'Åland',
]
const TITLE_FIRST = [
  "You\\'re Not",
  'Almost',
  'Midnight',
  'The Last',
  'Another',
  'Never',
  'Sweet',
  'Slow',
]
const TITLE_LAST = [
  'Alone',
  'Train',
  'Summer',
  'Goodbye',
  'Letter (Live)',
  'Dancing',
  'Rain',
  'Again',
]
