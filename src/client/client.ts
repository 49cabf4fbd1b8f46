import createFetchClient from 'openapi-fetch'
import { assertDocumented } from './assert-documented.ts'
import { checkedFetch } from './checked-fetch.ts'
import type { GatewayClient } from './gateway-client.ts'
import { sendWithRetries } from './retries.ts'
import type { components, paths } from './schema.ts'

export { followSecrets, type FollowOptions, type SecretChange } from './follow.ts'
export type { GatewayClient } from './gateway-client.ts'
export { itemsOf, type Page } from './pages.ts'
export { GatewayProblem, GatewayUnreachable } from './problems.ts'
export { readJson, type JsonOptions, type ReadOptions } from './read.ts'

/** The API's schemas by name, such as `Schemas['SecretMetadata']`. */
export type Schemas = components['schemas']

export interface ClientOptions {
  /** The gateway's URL, such as `https://secrets.example.com`. If it has a path, every route's path is appended to it. */
  url: string
  /**
   * An API key, a JWT or a session token. Sent only in the header `Authorization: Bearer`. A function is called before every
   * request, so that it can return a new token when the old one is about to expire. Without a token, only the routes that need
   * no authentication can be called.
   */
  token?: string | (() => string | Promise<string>)
  /** The maximum size of a JSON reply, in bytes; by default 512 MiB. A longer reply is refused. */
  maximumReplyBytes?: number
  /**
   * The maximum number of retries after a failure that another attempt may fix; by default 0. The pause before each attempt is
   * the reply's `Retry-After`. A write is retried only if it has an `Idempotency-Key`, or after a 429.
   */
  retries?: number
}

const defaultMaximum = 512 * 1024 * 1024

/**
 * Creates a client for a gateway.
 *
 * The client encodes path parameters: pass a secret's name as `payments/db`, not `payments%2Fdb`. Requests reject with
 * {@link GatewayProblem} for a reply that is a problem, and with {@link GatewayUnreachable} if no gateway answers. Use
 * {@link reply} to get the body of a successful reply.
 *
 * {@link readJson} reads a value that is JSON, {@link itemsOf} iterates over the pages of a list, and {@link followSecrets} waits
 * for changes.
 *
 * @example
 * const gateway = createClient({ url, token })
 * const path = { env: 'dev', name: 'payments/db' }
 * const secret = await reply(gateway.GET('/environments/{env}/secrets/{name}', { params: { path } }))
 *
 * @example
 * // Retries. The key makes it safe to send the write again.
 * const retrying = createClient({ url, token, retries: 3 })
 * const header = { 'idempotency-key': 'deploy-2026-11-21.4' }
 * await retrying.PUT('/environments/{env}/secrets/{name}', { params: { path, header }, body: { value } })
 *
 * @example
 * // Cancellation: the promise rejects with the signal's reason.
 * await gateway.GET('/environments/{env}/secrets/{name}', { params: { path }, signal: AbortSignal.timeout(2_000) })
 *
 * @example
 * // A cache hint: the gateway asks AWS only if its own copy is older than a minute.
 * await gateway.GET('/environments/{env}/secrets/{name}', { params: { path, header: { 'cache-control': 'max-age=60' } } })
 */
export function createClient ({ url, token, maximumReplyBytes = defaultMaximum, retries = 0 }: ClientOptions): GatewayClient {
  const client = createFetchClient<paths, 'application/json'>({
    baseUrl: url,
    // A redirect could send the request's body, and with it a secret's value, to another server.
    redirect: 'error',
    // By default, `fetch` adds `Cache-Control: no-cache` to a request with `If-None-Match`, and the gateway then calls AWS.
    cache: 'force-cache',
    pathSerializer: pathOf,
    fetch: async (request) => sendWithRetries(request, retries, async (attempt) => checkedFetch(attempt, maximumReplyBytes))
  })
  client.use({
    async onRequest ({ request }) {
      const bearer = typeof token === 'function' ? await token() : token
      if (bearer !== undefined) request.headers.set('authorization', `Bearer ${bearer}`)
    },
    onResponse: async ({ request, response, schemaPath, options }) =>
      assertDocumented(request, response, schemaPath, options.parseAs)
  })
  return client
}

/**
 * Returns the body of a request's reply.
 *
 * @throws GatewayProblem, GatewayUnreachable
 * @throws TypeError for a reply without a body, such as one with status 304
 */
export async function reply<T> (request: Promise<{ data?: T }>): Promise<T> {
  const { data } = await request
  if (data === undefined) throw new TypeError('The reply has no body')
  return data
}

/** Inserts the percent-encoded parameters into a route's path. */
function pathOf (path: string, parameters: Record<string, unknown>): string {
  return path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
    const text = String(parameters[parameter])
    // Refuses `.` and `..`, because URL parsers resolve them even if they are percent-encoded. Refuses an empty string, because a
    // path with an empty segment matches a different route.
    if (/^\.{0,2}$/.test(text)) throw new RangeError(`'${text}' can't be the ${parameter} in a path`)
    return encodeURIComponent(text)
  })
}
