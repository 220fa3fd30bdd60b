/** The API over HTTP, by the runtime's own fetch. */
import type { ApiRequest, Transport } from './api-client.ts'
import { cliError } from './errors.ts'

export function createHttpTransport(url: string, signal: AbortSignal): Transport {
  const request = async ({
    method,
    path,
    headers,
    body,
    signal: own,
  }: ApiRequest): Promise<Response> => {
    try {
      return await fetch(url + path, {
        method,
        ...(headers ? { headers } : {}),
        ...(body === undefined ? {} : { body: body as string }),
        signal: own ? AbortSignal.any([own, signal]) : signal,
      })
    } catch (error) {
      if (signal.aborted || own?.aborted === true) throw error
      throw cliError(
        'CLI_UNREACHABLE',
        `${url} does not answer: is it running there? Start an app with "millrace start app.ts", or name another with --url`,
        { cause: error },
      )
    }
  }
  return {
    url,
    async send(spec) {
      const response = await request(spec)
      const bytes = Buffer.from(await response.arrayBuffer())
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        text: bytes.toString(),
        bytes,
      }
    },
    async *events(path, own, lastEventId) {
      const response = await request({
        method: 'GET',
        path,
        signal: own,
        ...(lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } }),
      })
      if (!response.ok || !response.body) {
        throw cliError(
          'CLI_REFUSED',
          `the server answered ${response.status}: ${await response.text()}`,
        )
      }
      let rest = ''
      const decoder = new TextDecoder()
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        rest += decoder.decode(chunk, { stream: true })
        const frames = rest.split('\n\n')
        rest = frames.pop() ?? ''
        for (const frame of frames) {
          const data = frame.split('\n').filter((line) => line.startsWith('data: '))
          if (data.length > 0) yield data.map((line) => line.slice(6)).join('\n')
        }
      }
    },
    close: async () => {},
  }
}
