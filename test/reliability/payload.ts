/**
 * Values that prove themselves: an id, and after it bytes that follow from the id. Whoever reads one knows who sent it and
 * whether a byte of it has changed, without having kept it.
 */
import { Anomaly } from './anomaly.ts'

const decoder = new TextDecoder()

/** A value of `bytes` bytes, at least as long as its id and a separator. */
export function payload(id: string, bytes: number): Uint8Array {
  const head = `${id} ${bytes} `
  const value = new Uint8Array(Math.max(bytes, head.length))
  for (let at = 0; at < head.length; at++) value[at] = head.charCodeAt(at)
  let state = value.length
  for (let at = 0; at < head.length; at++) state = (state * 31 + head.charCodeAt(at)) | 0
  for (let at = head.length; at < value.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    value[at] = state >>> 16
  }
  return value
}

/** The id of a value that was made by `payload`. Throws the anomalies `torn` and `changed`. */
export function idOf(value: Uint8Array, where: string): string {
  const head = decoder.decode(value.subarray(0, 80))
  const [id = '', bytes = ''] = head.split(' ')
  if (id === '' || !/^\d+$/.test(bytes))
    throw new Anomaly('changed', `${where} holds no value of ours`)
  const whole = payload(id, Number(bytes))
  if (value.length < whole.length) throw new Anomaly('torn', `${where} holds a part of ${id}`)
  if (Buffer.compare(value, whole) !== 0)
    throw new Anomaly('changed', `${where} holds another ${id}`)
  return id
}
