/**
 * ApiVersions, key 18: what every client asks first. A version that is not served is answered in the form of version 0,
 * with UNSUPPORTED_VERSION and the list (KIP-511): the client then comes again with one that is.
 */
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import { array, int16, int32, since, string, struct, type Value } from '../protocol/schema.ts'

const response = struct({
  errorCode: int16,
  apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })),
  throttleTimeMs: since(1, int32, 0),
})

export const apiVersions = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 3],
  flexibleFrom: 3,
  request: struct({
    clientSoftwareName: since(3, string, ''),
    clientSoftwareVersion: since(3, string, ''),
  }),
  response,
  handle: async (_request, { apiKeys }) => versionList(kafkaError.NONE, apiKeys),
})

/** The list as a response: of this API, and of a request for a version of it that is not served. */
export const versionList = (
  errorCode: number,
  apiKeys: Value<typeof response>['apiKeys'],
): Value<typeof response> => ({ errorCode, apiKeys, throttleTimeMs: 0 })

export const unsupportedApiVersions = response
