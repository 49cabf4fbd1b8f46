import type { ParseAs } from 'openapi-fetch'
import { GatewayUnreachable } from './problems.ts'
import { replies, shapes } from './replies.ts'
import { mismatchIn, type Shape } from './shapes.ts'

/**
 * Checks that a successful reply matches `openapi.yaml`, so that callers can rely on the types of its members.
 *
 * @param path the route's path, such as `/environments/{env}`
 * @throws GatewayUnreachable if it does not match, because a gateway would not send such a reply
 */
export async function assertDocumented (request: Request, response: Response, path: string, parseAs: ParseAs): Promise<void> {
  const isUnasked = response.status === 304 && !request.headers.has('if-none-match')
  if (isUnasked) throw await otherServer(request, response, 'the status 304, which was not asked for')
  const byStatus = replies[`${request.method} ${path}`] ?? {}
  // A newer gateway may reply with another success status.
  const [shape = null] = Object.hasOwn(byStatus, response.status) ? [byStatus[response.status]] : Object.values(byStatus)
  // If the caller requested another type, such as `text`, it reads the body itself.
  if (shape === null || parseAs !== 'json') return
  if (!isJson(response)) throw await otherServer(request, response, 'a body that is not JSON')
  const mismatch = mismatchIn(shapes, shape, await response.clone().json())
  if (mismatch !== undefined) throw await otherServer(request, response, `JSON without a valid ${mismatch === '' ? 'root' : mismatch}`)
}

/**
 * Checks one line of a streamed reply.
 *
 * @throws GatewayUnreachable if a member is missing or does not have the type that `shape` requires
 */
export function assertShape (shape: Shape, value: unknown): void {
  const mismatch = mismatchIn(shapes, shape, value)
  if (mismatch !== undefined) throw new GatewayUnreachable(`The reply is not that of a secrets gateway: it has no valid ${mismatch}`)
}

/** Returns true if the reply is JSON. */
export const isJson = ({ headers }: Response): boolean => headers.get('content-type')?.startsWith('application/json') ?? false

async function otherServer ({ url }: Request, { body }: Response, found: string): Promise<GatewayUnreachable> {
  await body?.cancel()
  return new GatewayUnreachable(`The reply from ${new URL(url).origin} is not that of a secrets gateway: it has ${found}`)
}
