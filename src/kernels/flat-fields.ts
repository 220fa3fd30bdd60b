/**
 * Where the declared fields are in flat objects. A field's name is compared with the one that followed last time, so objects
 * with their fields in one order are matched without a search.
 */
import type { FlatJson } from './flat-json.ts'

export class FlatFields {
  /** By declared field: its place in the last object, −1 when it is absent. */
  readonly places: Int32Array
  /** Fields of the last object that are not declared. */
  unknown = 0
  readonly #names: readonly Uint8Array[]
  /** Which field followed which, last time; the first entry is what came first. */
  readonly #next: Int32Array

  /** Names that JSON writes as they are: ASCII without quotes, backslashes and control characters. */
  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name))
    this.places = new Int32Array(names.length)
    this.#next = new Int32Array(names.length + 1)
  }

  /** Finds the fields of what `json` read; false when a declared one is there twice. */
  match(json: FlatJson): boolean {
    const { places } = this
    places.fill(-1)
    this.unknown = 0
    let before = 0
    for (let at = 0; at < json.count; at++) {
      let index = this.#next[before]!
      const expected = this.#names[index]
      if (expected === undefined || !json.isNamed(at, expected)) {
        index = this.#names.findIndex((name) => json.isNamed(at, name))
        if (index < 0) {
          this.unknown++
          continue
        }
        this.#next[before] = index
      }
      if (places[index]! >= 0) return false
      places[index] = at
      before = index + 1
    }
    return true
  }
}
