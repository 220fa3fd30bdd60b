/**
 * Ids as a model keeps them: texts, sorted, each with a code, its place. In an artifact they are UTF-8 and ends, so that a
 * million ids cost their bytes and no parsing:
 *
 *   <name>.text   U8    the ids one after another
 *   <name>.end    I32   one per id, where it ends
 */
import { quote } from '../core/index.ts'
import { readTensor } from './artifact-reader.ts'
import { modelError } from './errors.ts'
import type { Artifact, Tensor } from './model.ts'

export interface IdList {
  readonly size: number
  /** Throws RangeError for a code that the list does not have: a wiring fault. */
  idOf(code: number): string
  /** −1 for an id that is not in the list. */
  codeOf(id: string): number
}

/** `ids`: distinct, ascending by UTF-16 unit. */
export function createIdList(ids: readonly string[]): IdList {
  let codes: Map<string, number> | undefined
  return {
    size: ids.length,
    idOf(code) {
      const id = ids[code]
      if (id === undefined) throw new RangeError(`there is no id with code ${code}`)
      return id
    },
    codeOf(id) {
      codes ??= new Map(ids.map((known, code) => [known, code]))
      return codes.get(id) ?? -1
    },
  }
}

export function idTensors(name: string, ids: IdList): Record<string, Tensor> {
  const encoder = new TextEncoder()
  const end = new Int32Array(ids.size)
  const parts: Uint8Array[] = []
  let bytes = 0
  for (let code = 0; code < ids.size; code++) {
    const part = encoder.encode(ids.idOf(code))
    parts.push(part)
    bytes += part.length
    end[code] = bytes
  }
  const text = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    text.set(part, at)
    at += part.length
  }
  return {
    [`${name}.text`]: { shape: [bytes], data: text },
    [`${name}.end`]: { shape: [ids.size], data: end },
  }
}

/** Throws MODEL_ARTIFACT_INVALID, also for ids that are not distinct and ascending. */
export function readIds(artifact: Artifact, name: string, size: number): IdList {
  const end = readTensor(artifact, `${name}.end`, Int32Array, [size])
  const text = readTensor(artifact, `${name}.text`, Uint8Array, [end.at(-1) ?? 0])
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const ids: string[] = []
  let from = 0
  for (const to of end) {
    const id = decoder.decode(text.subarray(from, to))
    if (to < from || (ids.length > 0 && !(ids[ids.length - 1]! < id))) {
      throw modelError(
        'MODEL_ARTIFACT_INVALID',
        `the ids ${quote(name)} of the ${artifact.kind} artifact are not in order: train the version again`,
      )
    }
    ids.push(id)
    from = to
  }
  return createIdList(ids)
}
