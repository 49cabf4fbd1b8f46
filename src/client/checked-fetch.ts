import { isJson } from './assert-documented.ts'
import { GatewayProblem, GatewayUnreachable } from './problems.ts'
import { shapes } from './replies.ts'
import type { components } from './schema.ts'
import { mismatchIn } from './shapes.ts'

type Problem = components['schemas']['Problem']

/**
 * Does the same as `fetch`, but throws for every reply that is an error or does not come from a gateway.
 *
 * @param maximumBytes the maximum size of a JSON reply and of a problem
 * @throws GatewayProblem for a reply that is a problem (RFC 9457)
 * @throws the reason of the request's signal if it is aborted
 * @throws GatewayUnreachable for a failed connection, and for a reply that can't have come from a gateway
 */
export async function checkedFetch (request: Request, maximumBytes: number): Promise<Response> {
  const { origin } = new URL(request.url)
  const { signal } = request
  const failed = (message: string, cause: unknown): Error => {
    // `fetch` rejects with the signal's reason, too. The body of a reply does not.
    if (signal.aborted) throw signal.reason
    return new GatewayUnreachable(`${message}${causeOf(cause)}`, { cause, isTemporary: true })
  }
  const response = await fetch(request).catch((error: unknown) => { throw failed(`${origin} does not answer`, error) })
  // A gateway sets this header on every reply.
  if (!response.headers.has('x-request-id')) {
    throw new GatewayUnreachable(`${origin} is not a secrets gateway (status ${response.status})`, { status: response.status })
  }
  // The caller reads binary and streamed bodies itself.
  if (response.status === 304 || (response.ok && !isJson(response))) return response
  const text = await textOf(response, maximumBytes).catch((error: unknown) => { throw failed(`The reply from ${origin} broke off`, error) })
  if (text === undefined) throw new GatewayUnreachable(`The reply from ${origin} is larger than ${maximumBytes} bytes`)
  const body = parsed(text)
  // The message does not quote the text, because it may contain a secret's value.
  if (response.ok && body === undefined) throw new GatewayUnreachable(`${origin} sent invalid JSON`)
  if (response.ok) return new Response(text, response)
  if (!isProblem(body)) {
    throw new GatewayUnreachable(`${origin} answered with status ${response.status} and no explanation`, body === undefined ? { status: response.status } : {})
  }
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN)
  throw new GatewayProblem(body, Number.isNaN(retryAfter) ? undefined : retryAfter)
}

/** Reads a reply's body. Returns undefined, and stops reading, if it is larger than `maximumBytes`. */
async function textOf ({ body }: Response, maximumBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder()
  const texts: string[] = []
  let bytes = 0
  const chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = body ?? []
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > maximumBytes) return undefined
    texts.push(decoder.decode(chunk, { stream: true }))
  }
  return [...texts, decoder.decode()].join('')
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Formats the reason for a failed connection, such as `: ECONNREFUSED`. `fetch` throws a TypeError with the actual error as its
 * cause.
 */
function causeOf (error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return ''
  return `: ${'code' in cause ? String(cause.code) : cause.message}`
}

const isProblem = (body: unknown): body is Problem => mismatchIn(shapes, { ref: 'Problem' }, body) === undefined
