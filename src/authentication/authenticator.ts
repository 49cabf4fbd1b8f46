import type { KeyObject } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import type { Monotonic } from '#src/clock'
import { apiKeyAuthenticator, type ApiKey } from './api-keys.ts'
import { awsGroups, type AwsLoginSettings } from './aws-identities.ts'
import { bearerToken } from './bearer.ts'
import type { Caller } from './caller.ts'
import { gatewayIssuer, gatewayTokenVerifier, type TokenKeys } from './gateway-token.ts'
import { membership, type Groups } from './groups.ts'
import { claimedIssuer } from './jwt.ts'
import { oidcVerifier, type OidcIssuer } from './oidc.ts'
import { unauthenticated } from './refusal.ts'
import { cacheVerified, type TokenVerifier } from './verified-tokens.ts'

/** The configured callers and authentication methods. */
export interface AuthenticationSettings {
  readonly apiKeys: readonly ApiKey[]
  readonly oidc: readonly OidcIssuer[]
  /** AWS login, with the parsed keys of `tokenKeyFiles`. */
  readonly aws?: AwsLoginSettings & { readonly keys: readonly KeyObject[] }
  readonly groups: Groups
}

/** The credentials of a request. */
export interface PresentedCredentials {
  /** The `Authorization` header. */
  authorization: string | undefined
  /** Returns the caller named in the client certificate, or undefined if there is none. @throws Problem `unauthenticated` */
  certificate: () => Caller | undefined
}

/**
 * Returns the token in the first of these headers that a request has. A client certificate does not count instead: where the
 * token has a header of its own, the header is also the proof that no page or server was tricked into sending the request.
 */
export function tokenIn (headers: Readonly<Record<string, unknown>>, names: readonly string[]): PresentedCredentials {
  const token = names.map((name) => headers[name]).find((value) => typeof value === 'string')
  return { authorization: token === undefined ? undefined : `Bearer ${token}`, certificate: () => undefined }
}

/**
 * Authenticates a request and returns its caller. Returns a promise only for a token that is not in the cache.
 *
 * @param now milliseconds since the epoch
 * @param address the address that the request comes from, or its network
 * @throws Problem `unauthenticated`, `identity-provider-unavailable`, `overloaded`
 */
export type Authenticator = (presented: PresentedCredentials, now: number, address: string) => Caller | Promise<Caller>

/**
 * Creates the authenticator. A token takes precedence over a client certificate, which may belong to the machine rather than to
 * the caller. A request with an invalid token is refused even if its certificate is valid.
 *
 * @param keysOf returns the key lookup of an issuer
 * @param tokenKeys the keys that sign and verify the gateway's own tokens
 * @param monotonic measures how long a verified token is cached
 */
export function authenticator (
  { apiKeys, oidc, aws, groups }: AuthenticationSettings,
  keysOf: (issuer: OidcIssuer) => JWTVerifyGetKey,
  tokenKeys: TokenKeys,
  monotonic: Monotonic
): Authenticator {
  const apiKeyCaller = apiKeyAuthenticator(apiKeys)
  const joined = membership(groups)
  const verifiers = new Map<string, TokenVerifier>(oidc.map((issuer) => [issuer.issuer, oidcVerifier(issuer, keysOf(issuer))]))
  if (aws !== undefined) {
    verifiers.set(gatewayIssuer, gatewayTokenVerifier(tokenKeys, aws.serverId, (subject) => awsGroups(aws.identities, subject)))
  }
  const verify = cacheVerified(async (token, now, address) => {
    const verifier = verifiers.get(await claimedIssuer(token) ?? '')
    if (verifier === undefined) throw unauthenticated('unknown-token')
    return verifier(token, now, address)
  }, monotonic)

  return ({ authorization, certificate }, now, address) => {
    if (authorization === undefined) {
      const caller = certificate()
      if (caller === undefined) throw unauthenticated('no-token')
      return joined(caller)
    }
    const token = bearerToken(authorization)
    if (token === undefined) throw unauthenticated('not-a-bearer-token')
    const known = apiKeyCaller(token, now)
    if (known !== undefined) return joined(known)
    const verified = verify(token, now, address)
    return verified instanceof Promise ? verified.then(({ caller }) => joined(caller)) : joined(verified.caller)
  }
}
