/**
 * Takes the content coding off a body (RFC 9110, section 8.4), with a bound on what comes out: a bomb ends at the limit,
 * not in memory.
 */
import { Readable, pipeline, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { isMillraceError, quote } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { bodyTooLarge } from './json-body.ts'

export interface DecompressLimits {
  /** Most bytes that may come out. */
  readonly maxBytes: number
  /** Name of the limit, for the message. */
  readonly limit: string
}

/** Out to in. Deflate reaches at most 1,032; honest event data stays below 50. */
const MAX_RATIO = 100
/** Below this a high ratio harms nobody. */
const RATIO_FROM_BYTES = 1024 * 1024

const CODINGS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
}

/**
 * `coding`: the Content-Encoding header; undefined or `identity` passes the body through. One coding only.
 * Throws INGEST_UNSUPPORTED_ENCODING, and while reading INGEST_BODY_TOO_LARGE, INGEST_INVALID_BODY.
 */
export function decompressBody(
  body: AsyncIterable<Uint8Array>,
  coding: string | undefined,
  limits: DecompressLimits,
): AsyncIterable<Uint8Array> {
  const name = coding?.trim().toLowerCase() ?? 'identity'
  if (name === '' || name === 'identity') return body
  const create = Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined
  if (!create) {
    throw ingestError(
      'INGEST_UNSUPPORTED_ENCODING',
      `content coding ${quote(name)} is not supported: send gzip, deflate, br or none`,
    )
  }
  return inflate(body, create(), name, limits)
}

async function* inflate(
  body: AsyncIterable<Uint8Array>,
  decoder: Transform & { readonly bytesWritten?: number },
  coding: string,
  { maxBytes, limit }: DecompressLimits,
): AsyncGenerator<Uint8Array> {
  let taken = 0
  async function* count(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      taken += chunk.length
      yield chunk
    }
  }
  let given = 0
  try {
    for await (const chunk of pipeline(Readable.from(count()), decoder, () => {})) {
      const bytes = chunk as Uint8Array
      given += bytes.length
      const isBomb = given > RATIO_FROM_BYTES && given > taken * MAX_RATIO
      if (given > maxBytes || isBomb) throw bodyTooLarge(maxBytes, limit)
      yield bytes
    }
  } catch (error) {
    if (isMillraceError(error)) throw error
    const { code = '' } = error as NodeJS.ErrnoException
    if (!/^(Z_|ERR_|BROTLI)/.test(code) || code === 'ERR_STREAM_PREMATURE_CLOSE') throw error
    throw ingestError(
      'INGEST_INVALID_BODY',
      `the body is damaged or cut ${coding} data: compress it again`,
      { cause: error },
    )
  }
}
