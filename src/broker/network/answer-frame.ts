/** From a request's bytes to the response's: header, API, answer, header. */
import { brokerError } from '../errors.ts'
import { apis } from '../apis/catalog.ts'
import { unsupportedApiVersions, versionList } from '../apis/api-versions.ts'
import type { Api } from '../protocol/api.ts'
import { ByteReader } from '../protocol/byte-reader.ts'
import { ByteWriter } from '../protocol/byte-writer.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import { skipTaggedFields, nullableString } from '../protocol/schema.ts'
import type { BrokerParts, ClientConnection } from '../request-context.ts'

const byKey = new Map(apis.map((api) => [api.key, api]))
const API_VERSIONS = 18
const PRODUCE = 0

const apiKeys = apis
  .map(({ key, versions: [minVersion, maxVersion] }) => ({ apiKey: key, minVersion, maxVersion }))
  .toSorted((a, b) => a.apiKey - b.apiKey)

/** True for a request that may be worked on while one of its kind before it is. */
export const isProduce = (frame: Uint8Array): boolean => ((frame[0]! << 8) | frame[1]!) === PRODUCE

/**
 * The response with its length before it, in pieces; undefined when the request wants none. Begins with the work before it
 * returns. Rejects with BROKER_MALFORMED or BROKER_UNSUPPORTED when the connection cannot go on.
 */
export async function answerFrame(
  frame: Uint8Array,
  parts: BrokerParts,
  connection: ClientConnection,
): Promise<readonly Uint8Array[] | undefined> {
  const reader = new ByteReader(frame)
  const key = reader.int16()
  const version = reader.int16()
  const correlationId = reader.int32()
  const api = byKey.get(key)
  if (api === undefined) {
    throw brokerError('BROKER_UNSUPPORTED', `a request with API key ${key}, which is not served`)
  }
  const [min, max] = api.versions
  if (version < min || version > max) return answerVersion(api, version, correlationId)
  const flexible = version >= api.flexibleFrom
  const clientId = nullableString.read(reader, { version, flexible: false }) ?? ''
  if (flexible) skipTaggedFields(reader)
  const context = { ...parts, apiVersion: version, apiKeys, clientId, connection }
  const began = parts.clock.monotonic()
  const write = await api.answer(reader, { version, flexible }, context)
  const seconds = (parts.clock.monotonic() - began) / 1_000
  parts.metrics.record('broker_request_duration_seconds', { api: api.name }, seconds)
  if (write === undefined) return undefined
  // Clients read the answer to ApiVersions before they know anything: its header never has tagged fields.
  return frameOf(correlationId, flexible && key !== API_VERSIONS, write)
}

/** A version that is not served has no response, except for ApiVersions (KIP-511). */
function answerVersion(
  { key, name, versions: [min, max] }: Api,
  version: number,
  correlationId: number,
): readonly Uint8Array[] {
  if (key !== API_VERSIONS) {
    throw brokerError(
      'BROKER_UNSUPPORTED',
      `a ${name} request of version ${version}: versions ${min} to ${max} are served, as ApiVersions tells`,
    )
  }
  const list = versionList(kafkaError.UNSUPPORTED_VERSION, apiKeys)
  return frameOf(correlationId, false, (writer) =>
    unsupportedApiVersions.write(writer, list, { version: 0, flexible: false }),
  )
}

function frameOf(
  correlationId: number,
  hasTags: boolean,
  write: (writer: ByteWriter) => void,
): readonly Uint8Array[] {
  const writer = new ByteWriter()
  writer.int32(0)
  writer.int32(correlationId)
  if (hasTags) writer.uvarint(0)
  write(writer)
  const length = writer.length - 4
  const pieces = writer.finish()
  const first = pieces[0]!
  new DataView(first.buffer, first.byteOffset).setInt32(0, length)
  return pieces
}
