/**
 * Listening counts that look like HetRec Last.fm 2011 and are none: made-up artists, planted tastes. Users and artists belong
 * to a few scenes; a user's shares of the scenes are their taste, an artist's popularity falls with its rank in its scene.
 * The rows are sorted by user, as in the genuine file.
 */
import { z } from 'zod'
import { createRandom, type Random } from '../../../kernels/index.ts'
import { textFolder } from '../../sources/text-folder.ts'
import { generatedEvents } from '../generated-events.ts'
import type { Generated, Generator } from '../generator.ts'

const options = z.strictObject({
  seed: z.int().default(1).describe('Same seed, same bytes.'),
  users: z.int().min(3).max(200_000).default(1_892).describe('Users; their ids are 2, 3, …'),
  artists: z.int().min(400).max(500_000).default(6_000).describe('Artists that can be heard.'),
  events: z.int().min(3).max(10_000_000).default(92_834).describe('Pairs of user and artist.'),
})
type LastfmOptions = z.infer<typeof options>

/** Scenes of artists: factors of the planted tastes. */
const SCENES = 12
/** Share of the scene that a user likes most; the next gets this share of the rest, and so on. */
const FIRST_SHARE = 0.55
/** Popularity of an artist by rank r in its scene is r to this power. */
const POPULARITY_POWER = -0.75
/** Spread of ln(listens); the median is 260, as in the genuine set. */
const LISTENS = { median: 260, spread: 1.6, most: 352_698 }

interface World {
  readonly users: Int32Array
  readonly artists: Int32Array
  readonly weights: Int32Array
}

export const lastfmGenerator: Generator<LastfmOptions> = {
  name: 'lastfm',
  summary: 'Listening counts with planted tastes, shaped like HetRec Last.fm',
  options,
  create,
}

function create(wanted: LastfmOptions): Generated {
  const { seed, users, artists, events } = wanted
  const random = createRandom(seed)
  const rows = drawRows(wanted, random)
  const names = Array.from({ length: artists }, () => madeUpName(random))
  const id = `generator:lastfm?seed=${seed}&users=${users}&artists=${artists}&events=${events}`
  return {
    source: generatedEvents({
      id,
      fingerprint: 'lastfm:1',
      count: rows.users.length,
      json: (index) => eventJson(rows, index),
    }),
    folder: textFolder(id, { 'artists.csv': () => artistsCsv(names) }),
    truth: {
      best: {},
      facts: [
        `${SCENES} scenes: artist a belongs to scene a mod ${SCENES}, and is the more popular the lower its number`,
        `a user hears ${FIRST_SHARE * 100} % of their artists in one scene, as much of the rest in a second one, and so on`,
        `how often somebody hears an artist is lognormal with median ${LISTENS.median}, whoever they are`,
      ],
    },
  }
}

function drawRows({ users, artists, events }: LastfmOptions, random: Random): World {
  const cumulative = popularity(Math.floor(artists / SCENES))
  const rows = { users: new Int32Array(events), artists: new Int32Array(events) }
  const perUser = Math.floor(events / users)
  let row = 0
  for (let user = 0; user < users; user++) {
    const wanted = perUser + (user < events - perUser * users ? 1 : 0)
    const order = random.shuffle(Int32Array.from({ length: SCENES }, (_, scene) => scene))
    const heard = new Set<number>()
    while (heard.size < Math.min(wanted, artists >> 1)) {
      const rank = pick(cumulative, random.uniform())
      heard.add(rank * SCENES + order[drawScene(random)]!)
    }
    for (const artist of heard) {
      rows.users[row] = user + 2
      rows.artists[row] = artist + 1
      row += 1
    }
  }
  const { median, spread, most } = LISTENS
  const weights = Int32Array.from({ length: row }, () =>
    Math.min(most, Math.max(1, Math.round(median * Math.exp(spread * random.gaussian())))),
  )
  return { users: rows.users.subarray(0, row), artists: rows.artists.subarray(0, row), weights }
}

/** Place of the scene in the user's order. */
function drawScene(random: Random): number {
  let place = 0
  while (place < SCENES - 1 && random.uniform() >= FIRST_SHARE) place += 1
  return place
}

/** Running sums of rank^power, as shares. */
function popularity(count: number): Float64Array {
  const sums = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + 1) ** POPULARITY_POWER
    sums[rank] = sum
  }
  return sums.map((part) => part / sum)
}

function pick(cumulative: Float64Array, share: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle]! <= share) low = middle + 1
    else high = middle
  }
  return low
}

function eventJson({ users, artists, weights }: World, i: number): string {
  return `{"userID":${users[i]},"artistID":${artists[i]},"weight":${weights[i]}}`
}

const SYLLABLES = ['ka', 'lo', 'mi', 'ra', 'ström', 'ved', 'ou', 'né', 'tal', 'isk', 'or', 'bel']
const WORDS = ['Quartet', 'Machine', 'Sisters', 'Orchestra', 'Club', 'Parade', 'Engine', 'Choir']

function madeUpName(random: Random): string {
  const length = 2 + random.int(2)
  const word = Array.from({ length }, () => SYLLABLES[random.int(SYLLABLES.length)]!).join('')
  const name = word.charAt(0).toUpperCase() + word.slice(1)
  const draw = random.uniform()
  if (draw < 0.4) return name
  return draw < 0.45 ? `${name}, the` : `${name} ${WORDS[random.int(WORDS.length)]!}`
}

const quoted = (text: string): string => (text.includes(',') ? `"${text}"` : text)

const artistsCsv = (names: readonly string[]): string =>
  [
    'id,name,url,pictureURL',
    ...names.map(
      (name, at) => `${at + 1},${quoted(name)},http://music.example/${encodeURIComponent(name)},`,
    ),
  ]
    .join('\n')
    .concat('\n')
