/**
 * What listeners do: sessions of songs, with the other pages between them in the shares of the genuine log (medium set: 543,705
 * events of 448 listeners, by its published page counts).
 */
import type { Random } from '../../../kernels/index.ts'
import { DAY_MS, START_MS, type Listeners, type Songs } from './sparkify-world.ts'

export const PAGES = [
  'NextSong',
  'Home',
  'Thumbs Up',
  'Add to Playlist',
  'Add Friend',
  'Roll Advert',
  'Login',
  'Logout',
  'Thumbs Down',
  'Downgrade',
  'Help',
  'Settings',
  'About',
  'Upgrade',
  'Save Settings',
  'Error',
  'Submit Upgrade',
  'Submit Downgrade',
  'Cancel',
  'Cancellation Confirmation',
] as const
export type Page = (typeof PAGES)[number]

/** One event each, in order of time. */
export interface SparkifyRows {
  readonly count: number
  readonly ts: Float64Array
  /** −1: logged out. */
  readonly user: Int32Array
  readonly session: Int32Array
  readonly item: Int32Array
  readonly page: Uint8Array
  readonly isPaid: Uint8Array
  /** −1: no song. */
  readonly song: Int32Array
}

/** Times a song of a listener with discontent d: share · exp(slope · d). `of`: free or paid listeners only. */
const AROUND: readonly {
  readonly page: Page
  readonly share: number
  readonly slope: number
  readonly of?: 'free' | 'paid'
}[] = [
  { page: 'Thumbs Up', share: 0.055, slope: -0.15 },
  { page: 'Home', share: 0.038, slope: 0 },
  { page: 'Add to Playlist', share: 0.0285, slope: -0.1 },
  { page: 'Add Friend', share: 0.0187, slope: -0.1 },
  { page: 'Roll Advert', share: 0.066, slope: 0.4, of: 'free' },
  { page: 'Roll Advert', share: 0.006, slope: 0.4, of: 'paid' },
  { page: 'Thumbs Down', share: 0.0105, slope: 0.4 },
  { page: 'Downgrade', share: 0.0118, slope: 0, of: 'paid' },
  { page: 'Upgrade', share: 0.0082, slope: 0, of: 'free' },
  { page: 'Help', share: 0.0073, slope: 0 },
  { page: 'Settings', share: 0.0068, slope: 0 },
  { page: 'About', share: 0.0043, slope: 0 },
  { page: 'Error', share: 0.0012, slope: 0 },
]
/** What may follow at once: page, the page after it, how often. */
const FOLLOWS: readonly (readonly [page: Page, next: Page, share: number])[] = [
  ['Settings', 'Save Settings', 0.2],
  ['Upgrade', 'Submit Upgrade', 0.3],
  ['Downgrade', 'Submit Downgrade', 0.03],
]
const LOGOUT_SHARE = 0.85
const PAUSE_MS = 600_000

export function createRows(
  listeners: Listeners,
  songs: Songs,
  days: number,
  random: Random,
): SparkifyRows {
  const events = new EventLists()
  const endMs = days * DAY_MS
  for (let user = 0; user < listeners.count; user++) {
    new Listener(user, listeners, songs, random, events).live(endMs)
  }
  return events.sorted()
}

class EventLists {
  readonly ts: number[] = []
  readonly user: number[] = []
  readonly session: number[] = []
  readonly item: number[] = []
  readonly page: number[] = []
  readonly isPaid: number[] = []
  readonly song: number[] = []
  sessions = 0

  sorted(): SparkifyRows {
    const { ts } = this
    const order = Uint32Array.from({ length: ts.length }, (_, i) => i).toSorted(
      (a, b) => ts[a]! - ts[b]! || a - b,
    )
    const take = (from: readonly number[]): Iterable<number> =>
      (function* () {
        for (const i of order) yield from[i]!
      })()
    return {
      count: order.length,
      ts: Float64Array.from(take(ts)),
      user: Int32Array.from(take(this.user)),
      session: Int32Array.from(take(this.session)),
      item: Int32Array.from(take(this.item)),
      page: Uint8Array.from(take(this.page)),
      isPaid: Uint8Array.from(take(this.isPaid)),
      song: Int32Array.from(take(this.song)),
    }
  }
}

/** One listener's way through the service. Times are milliseconds after the start. */
class Listener {
  readonly #user: number
  readonly #listeners: Listeners
  readonly #songs: Songs
  readonly #random: Random
  readonly #events: EventLists
  readonly #discontent: number
  readonly #cancelMs: number
  #isPaid: boolean
  #isLoggedOut = false
  #item = 0
  #nowMs = 0

  constructor(
    user: number,
    listeners: Listeners,
    songs: Songs,
    random: Random,
    events: EventLists,
  ) {
    this.#user = user
    this.#listeners = listeners
    this.#songs = songs
    this.#random = random
    this.#events = events
    this.#discontent = listeners.discontent[user]!
    this.#cancelMs = listeners.cancelMs[user]!
    this.#isPaid = listeners.startsPaid[user] === 1
  }

  live(endMs: number): void {
    const untilMs = Math.min(endMs, this.#cancelMs)
    for (;;) {
      const pauses = -Math.log(1 - this.#random.uniform())
      const gapMs = (pauses / this.#listeners.sessions[this.#user]!) * DAY_MS
      const nextMs = this.#nowMs + PAUSE_MS + gapMs
      if (nextMs >= untilMs) break
      this.#nowMs = nextMs
      this.#begin()
      this.#listen(untilMs)
      if (this.#nowMs < untilMs && this.#random.uniform() < LOGOUT_SHARE) this.#logOut()
    }
    if (this.#cancelMs < endMs) this.#cancel()
  }

  #begin(): void {
    this.#events.sessions++
    this.#item = 0
    if (this.#isLoggedOut) {
      this.#add('Home')
      this.#add('Login')
      this.#isLoggedOut = false
    }
    this.#add('Home')
  }

  #listen(untilMs: number): void {
    const random = this.#random
    const usual = this.#listeners.songs[this.#user]! * (this.#isPaid ? 1.25 : 0.7)
    const wanted = Math.max(1, Math.round(usual * Math.exp(0.7 * random.gaussian())))
    for (let n = 0; n < wanted && this.#nowMs < untilMs; n++) {
      const song = random.int(this.#songs.count)
      this.#add('NextSong', song)
      const page = this.#pageAround()
      if (page) this.#visit(page)
      this.#nowMs += this.#songs.seconds[song]! * 1_000
    }
  }

  #pageAround(): Page | undefined {
    let left = this.#random.uniform()
    const level = this.#isPaid ? 'paid' : 'free'
    for (const { page, share, slope, of } of AROUND) {
      if (of !== undefined && of !== level) continue
      left -= share * Math.exp(slope * this.#discontent)
      if (left < 0) return page
    }
    return undefined
  }

  #visit(page: Page): void {
    this.#add(page)
    const next = FOLLOWS.find(
      ([before, , share]) => before === page && this.#random.uniform() < share,
    )
    if (!next) return
    this.#add(next[1])
    if (next[1] === 'Submit Upgrade') this.#isPaid = true
    if (next[1] === 'Submit Downgrade') this.#isPaid = false
  }

  #logOut(): void {
    this.#add('Logout')
    this.#isLoggedOut = true
  }

  #cancel(): void {
    // A session that is still open is taken up again; otherwise they come back once more to cancel.
    this.#nowMs = Math.max(this.#nowMs, this.#cancelMs)
    this.#begin()
    this.#add('Cancel')
    this.#add('Cancellation Confirmation')
  }

  /** Adds an event now; the next one comes at least a second later. */
  #add(page: Page, song = -1): void {
    const { ts, user, session, item, page: pages, isPaid, song: songs, sessions } = this.#events
    const second = Math.floor(this.#nowMs / 1_000)
    ts.push(START_MS + second * 1_000)
    user.push(this.#isLoggedOut ? -1 : this.#user)
    session.push(sessions)
    item.push(this.#item++)
    pages.push(PAGES.indexOf(page))
    isPaid.push(this.#isPaid ? 1 : 0)
    songs.push(song)
    this.#nowMs = (second + 1 + this.#random.int(20)) * 1_000
  }
}
