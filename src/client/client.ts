import createFetchClient, { type Client } from 'openapi-fetch'
import { answer } from './answer.ts'
import type { components, paths } from './schema.ts'

export { GatewayProblem, GatewayUnreachable } from './problems.ts'

/** The schemas of the API by name, such as `Schemas['SecretMetadata']`. */
export type Schemas = components['schemas']

/** Every route of the gateway, by method and path as `openapi.yaml` has them; parameters, body and the reply's JSON are typed. */
export type GatewayClient = Client<paths, 'application/json'>

export interface ClientOptions {
  /** Where the gateway listens, such as `https://secrets.example.com`; a path in it stays in front. */
  url: string
  /** An API key, a JWT or a session token. Sent as `Authorization: Bearer`, and nowhere else. */
  token: string
}

/**
 * A client for a gateway.
 *
 * Names go into a path as they are, `payments/db`: the `/` is written `%2F` here. A reply that is a problem is thrown as
 * {@link GatewayProblem}, a gateway that does not answer as {@link GatewayUnreachable}; {@link reply} takes what is left.
 *
 * @example
 * const gateway = createClient({ url, token })
 * const path = { env: 'dev', name: 'payments/db' }
 * const secret = await reply(gateway.GET('/environments/{env}/secrets/{name}', { params: { path } }))
 */
export function createClient ({ url, token }: ClientOptions): GatewayClient {
  return createFetchClient<paths, 'application/json'>({
    baseUrl: url,
    headers: { authorization: `Bearer ${token}` },
    // A redirect would take the token to wherever it points.
    redirect: 'error',
    pathSerializer: pathOf,
    fetch: answer
  })
}

/**
 * What a request was answered with.
 *
 * @throws GatewayProblem, GatewayUnreachable
 * @throws TypeError where there is no body, as with status 304
 */
export async function reply<T> (request: Promise<{ data?: T }>): Promise<T> {
  const { data } = await request
  if (data === undefined) throw new TypeError('The reply has no body')
  return data
}

/** A route's path with its parameters in it. */
function pathOf (path: string, parameters: Record<string, unknown>): string {
  return path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
    const text = String(parameters[parameter])
    // A URL has no way to say them: they would lead to another route.
    if (/^\.{0,2}$/.test(text)) throw new RangeError(`'${text}' can't be the ${parameter} in a path`)
    return encodeURIComponent(text)
  })
}
