import { hash, type KeyObject } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import type { Monotonic } from '#src/clock'
import { apiKeyAuthenticator, hashToken, type ApiKey } from './api-keys.ts'
import { awsGroups, type AwsLoginSettings } from './aws-identities.ts'
import { bearerToken } from './bearer.ts'
import { caller, type AuthenticationMethod, type Caller, type Identity, type Proof } from './caller.ts'
import { gatewayIssuer, gatewayTokenVerifier, type TokenKeys } from './gateway-token.ts'
import { membership, type Groups } from './groups.ts'
import { claimedIssuer } from './jwt.ts'
import { oidcVerifier, type OidcIssuer } from './oidc.ts'
import { unauthenticated } from './refusal.ts'
import { cacheVerified, type TokenVerifier, type Verified } from './verified-tokens.ts'

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
  authorization: string | undefined
  /** Returns the identity in the client certificate, or undefined if there is none. @throws Problem `unauthenticated` */
  certificate: () => Identity | undefined
}

/**
 * Returns the token in the first of these headers that a request has. Does not accept a client certificate instead, because the
 * custom header also protects against CSRF and SSRF: a page or server that is tricked into sending a request can't set it.
 */
export function tokenIn (headers: Readonly<Record<string, unknown>>, names: readonly string[]): PresentedCredentials {
  const token = names.map((name) => headers[name]).find((value) => typeof value === 'string')
  return { authorization: token === undefined ? undefined : `Bearer ${token}`, certificate: () => undefined }
}

/** Authenticates callers. `now` is in milliseconds since the epoch. */
export interface Authenticator {
  /**
   * Authenticates a request and returns its caller's identity. Returns a promise only for a token that is not in the cache.
   *
   * @param address the address that the request comes from, or the network of this address
   * @throws Problem `unauthenticated`, `identity-provider-unavailable`, `overloaded`
   */
  identify: (presented: PresentedCredentials, now: number, address: string) => Identity | Promise<Identity>
  /**
   * Returns the caller that an earlier authentication has identified.
   *
   * @throws Problem `unauthenticated` if the configuration no longer accepts the proof
   */
  recognize: (proof: Proof, now: number) => Caller
}

/**
 * Creates the authenticator. A token takes precedence over a client certificate, which may belong to the machine rather than to
 * the caller. A request with an invalid token is refused even if its certificate is valid.
 *
 * @param authorities the hash of the certificate authorities for client certificates; undefined if none are accepted
 * @param keysOf returns the key lookup of an issuer
 * @param tokenKeys the keys that sign and verify the gateway's own tokens
 * @param monotonic measures how long a verified token is cached
 */
export function authenticator (
  { apiKeys, oidc, aws, groups }: AuthenticationSettings,
  authorities: string | undefined,
  keysOf: (issuer: OidcIssuer) => JWTVerifyGetKey,
  tokenKeys: TokenKeys,
  monotonic: Monotonic
): Authenticator {
  const apiKey = apiKeyAuthenticator(apiKeys)
  const joined = membership(groups)
  const withGroups = (identity: Identity): Identity => ({ ...identity, caller: joined(identity.caller) })
  const verifiers = new Map<string, TokenVerifier>(oidc.map((issuer) => [issuer.issuer, oidcVerifier(issuer, keysOf(issuer))]))
  if (aws !== undefined) {
    verifiers.set(gatewayIssuer, gatewayTokenVerifier(tokenKeys, aws.serverId, (subject) => awsGroups(aws.identities, subject)))
  }
  const verify = cacheVerified(async (token, now, address) => {
    const verifier = verifiers.get(await claimedIssuer(token) ?? '')
    if (verifier === undefined) throw unauthenticated('unknown-token')
    return verifier(token, now, address)
  }, monotonic)

  /** The hash of each issuer's settings, keyed by the part of the caller ID before the first colon. */
  const verifiedWith = new Map(oidc.map((issuer) => [issuer.name, hashSettings(issuer)]))
  if (aws !== undefined) verifiedWith.set('aws', hashSettings(aws.serverId))
  const settingsHash = (id: string): string | undefined => verifiedWith.get(id.slice(0, id.indexOf(':')))
  const isUnchanged = ({ id, hash }: Proof): boolean => hash !== undefined && hash === settingsHash(id)

  const identityOf = ({ caller: verified, expires }: Verified): Identity => {
    const { method, id, groups } = verified
    return { caller: joined(verified), expires, proof: { method, id, groups, hash: settingsHash(id) } }
  }

  function identify (
    { authorization, certificate }: PresentedCredentials, now: number, address: string
  ): Identity | Promise<Identity> {
    if (authorization === undefined) {
      const found = certificate()
      if (found === undefined) throw unauthenticated('no-token')
      return withGroups(found)
    }
    const token = bearerToken(authorization)
    if (token === undefined) throw unauthenticated('not-a-bearer-token')
    const known = apiKey(hashToken(token), now)
    if (known !== undefined) return withGroups(known)
    const verified = verify(token, now, address)
    return verified instanceof Promise ? verified.then(identityOf) : identityOf(verified)
  }

  const recognizers: Readonly<Record<AuthenticationMethod, (proof: Proof, now: number) => Caller | undefined>> = {
    'api-key': ({ hash = '' }, now) => apiKey(hash, now)?.caller,
    oidc: (proof) => isUnchanged(proof) ? caller('oidc', proof.id, proof.groups) : undefined,
    aws: (proof) => aws && isUnchanged(proof) ? caller('aws', proof.id, awsGroups(aws.identities, proof.id)) : undefined,
    mtls: ({ id, hash }) => hash === authorities ? caller('mtls', id) : undefined
  }

  return {
    identify,
    recognize (proof, now) {
      const found = recognizers[proof.method](proof, now)
      // The API key may have been reassigned to another caller.
      if (found?.id !== proof.id) throw unauthenticated('caller-gone')
      return joined(found)
    }
  }
}

const hashSettings = (settings: unknown): string => hash('sha256', JSON.stringify(settings))
