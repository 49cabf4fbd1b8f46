import type { IncomingMessage } from 'node:http'
import { errors } from './errors.ts'

/** In bytes. No valid request exceeds it: a value has at most 65,536 bytes, which JSON escapes expand to at most 393,216. */
const maxBytes = 1_048_576

/**
 * Reads a request's body.
 *
 * @throws AwsError `RequestEntityTooLarge` as soon as the body is known to exceed 1 MiB
 */
export async function readBody (request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length']) > maxBytes) throw errors.tooLarge()
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop must not destroy the request, because the error reply would be lost with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw errors.tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Parses a body of AWS JSON 1.1.
 *
 * @throws AwsError `SerializationException` if the body isn't JSON in UTF-8; the message never quotes the body
 */
export function parseBody (body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw errors.serialization('The body is not valid JSON')
  }
}
