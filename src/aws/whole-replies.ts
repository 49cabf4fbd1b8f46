import { addAbortSignal, type Readable } from 'node:stream'
import type { NodeHttpHandler } from '@smithy/node-http-handler'

/** The maximum size of a reply's body, in bytes. AWS's largest replies, lists of secrets, are a few megabytes. */
const maximumSize = 32 * 1024 * 1024

/**
 * Wraps an HTTP handler of the SDK so that a request ends with the last byte of its reply. Without this, the SDK's timeouts and
 * abort signals would apply only until the headers have arrived, and nothing would limit the time for the body.
 *
 * @param milliseconds the time limit for requests that the SDK sends without an abort signal
 */
export function wholeReplies (handler: NodeHttpHandler, milliseconds: number): Pick<NodeHttpHandler, 'handle' | 'destroy'> {
  return {
    async handle (request, options = {}) {
      const abortSignal = options.abortSignal instanceof AbortSignal ? options.abortSignal : AbortSignal.timeout(milliseconds)
      const { response } = await handler.handle(request, { ...options, abortSignal })
      response.body = await bytesOf(response.body as Readable, abortSignal)
      return { response }
    },
    destroy () {
      handler.destroy()
    }
  }
}

/** Wraps an HTTP handler so that its requests end when the signal is aborted. Later requests fail at once. */
export const until = (
  signal: AbortSignal, handler: ReturnType<typeof wholeReplies>
): ReturnType<typeof wholeReplies> => ({
  handle: async (request, options) => handler.handle(request, { ...options, abortSignal: signal }),
  destroy: () => undefined
})

async function bytesOf (body: Readable, signal: AbortSignal): Promise<Uint8Array> {
  addAbortSignal(signal, body)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maximumSize) throw new Error('The reply is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
