import { GatewayProblem, GatewayUnreachable } from './problems.ts'
import type { components } from './schema.ts'

type Problem = components['schemas']['Problem']

/**
 * Sends a request and takes the answer, if a gateway gave it and it is no problem.
 *
 * @throws GatewayProblem, GatewayUnreachable
 */
export async function answer (request: Request): Promise<Response> {
  const { origin } = new URL(request.url)
  const response = await fetch(request).catch((error: unknown) => {
    throw new GatewayUnreachable(`${origin} does not answer${reason(error)}`, { cause: error })
  })
  // Every reply of a gateway has it.
  if (!response.headers.has('x-request-id')) throw new GatewayUnreachable(`What answers at ${origin} is no gateway (status ${response.status})`)
  // Bytes, and what comes bit by bit, are for who asked for them.
  if (response.status === 304 || (response.ok && !isJson(response))) return response
  const text = await response.text().catch((error: unknown) => {
    throw new GatewayUnreachable(`The reply of ${origin} broke off${reason(error)}`, { cause: error })
  })
  const body = parsed(text)
  // Without the text, which may hold a value.
  if (response.ok && body === undefined) throw new GatewayUnreachable(`${origin} answered with what is no JSON`)
  if (response.ok) return new Response(text, response)
  if (!isProblem(body)) throw new GatewayUnreachable(`${origin} answered with status ${response.status}, and does not say why`)
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

/** Why a connection failed, such as ECONNREFUSED; undici has it in the cause. */
function reason (error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return ''
  return `: ${'code' in cause ? String(cause.code) : cause.message}`
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'title' in body && 'detail' in body && 'requestId' in body
