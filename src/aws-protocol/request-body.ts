import type { IncomingMessage } from 'node:http'
import { errors } from './errors.ts'

/** More than any request can need: 65,536 bytes of value are at most 393,216 bytes of escaped JSON. */
const maxBytes = 1_048_576

/** Reads a request's body; throws RequestEntityTooLarge as soon as it is known to be longer than 1 MiB. */
export async function readBody (request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length']) > maxBytes) throw errors.tooLarge()
  const chunks: Buffer[] = []
  let length = 0
  // Of a request that is destroyed the answer would be lost too.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw errors.tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Parses a body of AWS JSON 1.1; throws SerializationException, without a word of the body, if it isn't JSON in UTF-8. */
export function parseBody (body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw errors.serialization('The body is not valid JSON')
  }
}
