/** Made-up movie titles in MovieLens' style: "Silent Harbor, The (1994)". None is meant to be a real one. */
import type { Random } from '../../../kernels/index.ts'

const ADJECTIVES =
  'Amber,Borrowed,Bitter,Broken,Copper,Crooked,Distant,Drowsy,Eleventh,Faded,Feral,Folded,Frozen,Gentle,Gilded,Hollow,Humble,Idle,Ivory,Jagged,Kindled,Lesser,Lonely,Lukewarm,Marble,Misplaced,Muted,Nameless,Nimble,Ordinary,Painted,Paper,Patient,Quiet,Reluctant,Rented,Restless,Rusty,Salted,Second,Silent,Sleepless,Slow,Stolen,Stubborn,Sunken,Tangled,Thirteenth,Threadbare,Timid,Uneven,Velvet,Wandering,Weathered,Whispering,Winter,Wooden,Wrong,Yellow,Zealous'.split(
    ',',
  )
const NOUNS =
  'Accordion,Almanac,Anchor,Apprentice,Archive,Bakery,Barometer,Beekeeper,Bicycle,Blizzard,Bridge,Cartographer,Cellar,Chandelier,Clockmaker,Compass,Corridor,Cousin,Detour,Dictionary,Drummer,Echo,Elevator,Embassy,Ferry,Fiddler,Gardener,Glacier,Greenhouse,Harbor,Harvest,Horizon,Inheritance,Island,Janitor,Kettle,Kite,Ladder,Lantern,Ledger,Librarian,Lighthouse,Locksmith,Magnet,Mailbox,Masquerade,Mirror,Monsoon,Museum,Neighbor,Notebook,Orchard,Orchestra,Parade,Passenger,Pharmacy,Pilgrim,Postcard,Quarry,Rainstorm,Rehearsal,Riddle,Rooftop,Saddle,Satellite,Seamstress,Signal,Staircase,Stowaway,Suitcase,Tailor,Telegram,Tenant,Timetable,Translator,Umbrella,Verdict,Violin,Waiter,Windmill'.split(
    ',',
  )
const PLACES =
  'Alderbrook,Brannock,Caldermoor,Dunvale,Eastholm,Fenwick Sands,Grauberg,Hollinmere,Inverlay,Jarrow Bay,Kestrel Point,Lindholm,Marisol,Norrland,Old Tarn,Port Avery,Quillan,Ravensey,San Tomeo,Tolvik'.split(
    ',',
  )

export function madeUpTitle(random: Random, year: number): string {
  const adjective = pick(random, ADJECTIVES)
  const noun = pick(random, NOUNS)
  const other = pick(random, NOUNS)
  const place = pick(random, PLACES)
  const titles = [
    `${adjective} ${noun}`,
    `${adjective} ${noun}, The`,
    `${noun} and the ${other}, The`,
    `${noun} of ${place}, The`,
    `${adjective} ${noun} in ${place}, A`,
    place,
    `Last ${noun} to ${place}`,
  ]
  return `${pick(random, titles)} (${year})`
}

const pick = (random: Random, list: readonly string[]): string => list[random.int(list.length)]!
