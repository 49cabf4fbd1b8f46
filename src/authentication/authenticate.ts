import type { KeyObject } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import { apiKeyAuthenticator, type ApiKey } from './api-keys.ts'
import { awsGroups, type AwsLoginSettings } from './aws-identities.ts'
import { bearerToken } from './bearer.ts'
import type { Caller } from './caller.ts'
import { gatewayIssuer, gatewayTokenVerifier, type TokenKeys } from './gateway-token.ts'
import { membership, type Groups } from './groups.ts'
import { claimedIssuer } from './jwt.ts'
import { oidcVerifier, type OidcIssuer } from './oidc.ts'
import { unauthenticated } from './refusal.ts'
import { keepVerified, type TokenVerifier } from './verified-tokens.ts'

/** Who may be a caller, and how it proves that it is one. */
export interface AuthenticationSettings {
  readonly apiKeys: readonly ApiKey[]
  readonly oidc: readonly OidcIssuer[]
  /** With the keys of `tokenKeyFiles`. */
  readonly aws?: AwsLoginSettings & { readonly keys: readonly KeyObject[] }
  readonly groups: Groups
}

/** What a request presents. */
export interface Presented {
  /** The header. */
  authorization: string | undefined
  /** The caller that the connection's client certificate names, if there is one. @throws Problem */
  certificate: () => Caller | undefined
}

/** @throws Problem `unauthenticated`, `identity-provider-unavailable` */
export type Authenticator = (presented: Presented, now: number) => Promise<Caller>

/**
 * Finds out who sends a request. A token goes before a client certificate, which may be that of the machine that the caller is
 * on; where the token is not valid, the certificate does not make up for it.
 *
 * @param keysOf gives what finds an issuer's keys
 * @param tokenKeys the keys of the gateway's own tokens
 */
export function authenticator (
  { apiKeys, oidc, aws, groups }: AuthenticationSettings,
  keysOf: (issuer: OidcIssuer) => JWTVerifyGetKey,
  tokenKeys: TokenKeys
): Authenticator {
  const apiKeyCaller = apiKeyAuthenticator(apiKeys)
  const joined = membership(groups)
  const verifiers = new Map<string, TokenVerifier>(oidc.map((issuer) => [issuer.issuer, oidcVerifier(issuer, keysOf(issuer))]))
  if (aws !== undefined) {
    verifiers.set(gatewayIssuer, gatewayTokenVerifier(tokenKeys, aws.serverId, (subject) => awsGroups(aws.identities, subject)))
  }
  const verify = keepVerified(async (token, now) => {
    const verifier = verifiers.get(claimedIssuer(token) ?? '')
    if (verifier === undefined) throw unauthenticated('unknown-token')
    return verifier(token, now)
  })

  return async ({ authorization, certificate }, now) => {
    if (authorization === undefined) {
      const caller = certificate()
      if (caller === undefined) throw unauthenticated('no-token')
      return joined(caller)
    }
    const token = bearerToken(authorization)
    if (token === undefined) throw unauthenticated('not-a-bearer-token')
    return joined(apiKeyCaller(token, now) ?? (await verify(token, now)).caller)
  }
}
