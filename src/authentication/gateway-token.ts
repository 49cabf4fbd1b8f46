import { createHash, createPublicKey, randomUUID, type KeyObject } from 'node:crypto'
import { errors, SignJWT, type JWTVerifyGetKey } from 'jose'
import { caller } from './caller.ts'
import { verifyJwt, type JwtRules } from './jwt.ts'
import type { TokenVerifier } from './verified-tokens.ts'

/** What the gateway's own tokens name as their issuer; no issuer of the configuration can have it, which has a URL. */
export const gatewayIssuer = 'urn:secrets-gateway'

/** Seconds of a token's life: where the configuration says nothing else, and at most. */
export const defaultLifetime = 15 * 60
export const maximumLifetime = 60 * 60

const typ = 'secrets-gateway+jwt'
const algorithm = 'EdDSA'

/** Private Ed25519 keys: one signs, and all verify, so that one can replace another. */
export interface TokenKeys {
  sign: KeyObject
  verify: readonly KeyObject[]
}

/**
 * @param keys of the configuration, the one that signs in front
 * @param own the process's own, for where there is none
 */
export const tokenKeys = (keys: readonly KeyObject[], own: KeyObject): TokenKeys =>
  ({ sign: keys[0] ?? own, verify: keys.length > 0 ? keys : [own] })

const keyId = (key: KeyObject): string =>
  createHash('sha256').update(createPublicKey(key).export({ type: 'spki', format: 'der' })).digest('base64url')

/** A token that the gateway gives to a caller that has proved who it is in another way. */
export interface IssuedToken {
  token: string
  /** Milliseconds since the epoch. */
  expires: number
}

/**
 * @param content who the token is for, the gateway's own name, and the token's life in seconds
 * @param now milliseconds since the epoch
 */
export async function issueToken (
  { sign: key }: TokenKeys,
  { subject, audience, lifetime }: { subject: string, audience: string, lifetime: number },
  now: number
): Promise<IssuedToken> {
  const issued = Math.floor(now / 1000)
  const token = await new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ, kid: keyId(key) })
    .setIssuer(gatewayIssuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(issued)
    .setExpirationTime(issued + lifetime)
    .setJti(randomUUID())
    .sign(key)
  return { token, expires: (issued + lifetime) * 1000 }
}

/**
 * Verifies the gateway's own tokens. Only who the caller is stands in them: its groups are those of the configuration in force.
 *
 * @param groupsOf the groups of an AWS identity; throws where it may no longer come in
 */
export function gatewayTokenVerifier (
  keys: TokenKeys,
  audience: string,
  groupsOf: (subject: string) => readonly string[]
): TokenVerifier {
  const publicKeys = new Map(keys.verify.map((key) => [keyId(key), createPublicKey(key)]))
  const key: JWTVerifyGetKey = ({ kid }) => {
    const known = publicKeys.get(kid ?? '')
    if (known === undefined) throw new errors.JWKSNoMatchingKey()
    return known
  }
  // Replicas whose clocks differ a little take each other's tokens.
  const rules: JwtRules = {
    issuer: gatewayIssuer,
    audience,
    algorithms: [algorithm],
    typ,
    clockToleranceSeconds: 30,
    maximumLifetimeSeconds: maximumLifetime
  }
  return async (token, now) => {
    const { sub, exp } = await verifyJwt(token, key, rules, now)
    return { caller: caller('aws', sub, groupsOf(sub)), expires: exp * 1000 }
  }
}
