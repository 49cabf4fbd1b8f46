import type { IncomingMessage } from 'node:http'
import { errors } from './errors.ts'

/**
 * The maximum size of a body, in bytes. No valid request is this large, because a secret's value has at most 65,536 bytes, and
 * JSON escapes expand it to at most 393,216.
 */
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
  // By default, leaving the loop would destroy the request and its connection, so the error reply would be lost.
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
