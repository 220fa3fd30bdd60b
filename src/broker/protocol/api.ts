/** One API of the Kafka protocol as data: its key, versions, two schemas, and the function that answers. */
import type { RequestContext } from '../request-context.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { MessageVersion, Type } from './schema.ts'

export interface ApiSpec<Request, Response> {
  readonly key: number
  /** As the protocol guide spells it. */
  readonly name: string
  /** Lowest and highest version that ApiVersions tells. */
  readonly versions: readonly [min: number, max: number]
  readonly flexibleFrom: number
  readonly request: Type<Request>
  readonly response: Type<Response>
  /** Undefined is no answer at all, which only Produce with acks=0 has. */
  handle(request: Request, context: RequestContext): Promise<Response | undefined>
}

/** An API whose types are hidden, so that all stand in one table. */
export interface Api extends Pick<
  ApiSpec<unknown, unknown>,
  'key' | 'name' | 'versions' | 'flexibleFrom'
> {
  /**
   * Reads the request and begins to answer before it returns; resolves to the function that writes the response.
   * Throws or rejects with BROKER_MALFORMED.
   */
  answer(
    reader: ByteReader,
    version: MessageVersion,
    context: RequestContext,
  ): Promise<((writer: ByteWriter) => void) | undefined>
}

export function defineApi<Request, Response>(
  spec: ApiSpec<Request, Response>,
): Api & { readonly spec: ApiSpec<Request, Response> } {
  const { key, name, versions, flexibleFrom } = spec
  return {
    spec,
    key,
    name,
    versions,
    flexibleFrom,
    async answer(reader, version, context) {
      const response = await spec.handle(spec.request.read(reader, version), context)
      if (response === undefined) return undefined
      return (writer) => spec.response.write(writer, response, version)
    },
  }
}
