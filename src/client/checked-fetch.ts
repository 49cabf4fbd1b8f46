import { GatewayProblem, GatewayUnreachable } from './problems.ts'
import type { components } from './schema.ts'

type Problem = components['schemas']['Problem']

/**
 * Sends a request like `fetch`, but throws for every reply that is an error or does not come from a gateway.
 *
 * @throws GatewayProblem for a reply that is a problem (RFC 9457)
 * @throws GatewayUnreachable for a failed connection, and for a reply that can't have come from a gateway
 */
export async function checkedFetch (request: Request): Promise<Response> {
  const { origin } = new URL(request.url)
  const response = await fetch(request).catch((error: unknown) => {
    throw new GatewayUnreachable(`${origin} does not answer${causeOf(error)}`, { cause: error })
  })
  // A gateway sets this header on every reply.
  if (!response.headers.has('x-request-id')) throw new GatewayUnreachable(`${origin} is not a secrets gateway (status ${response.status})`)
  // The caller reads binary and streamed bodies itself.
  if (response.status === 304 || (response.ok && !isJson(response))) return response
  const text = await response.text().catch((error: unknown) => {
    throw new GatewayUnreachable(`The reply from ${origin} broke off${causeOf(error)}`, { cause: error })
  })
  const body = parsed(text)
  // The message does not quote the text, because it may contain a secret's value.
  if (response.ok && body === undefined) throw new GatewayUnreachable(`${origin} sent invalid JSON`)
  if (response.ok) return new Response(text, response)
  if (!isProblem(body)) throw new GatewayUnreachable(`${origin} answered with status ${response.status} and no explanation`)
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN)
  throw new GatewayProblem(body, Number.isNaN(retryAfter) ? undefined : retryAfter)
}

const isJson = ({ headers }: Response): boolean => headers.get('content-type')?.startsWith('application/json') ?? false

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

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'title' in body && 'detail' in body && 'requestId' in body
