import { createHash, createPublicKey, randomUUID, type KeyObject } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import { caller } from './caller.ts'
import { verifyJwt, type JwtRules } from './jwt.ts'
import type { TokenVerifier } from './verified-tokens.ts'

/** The `iss` claim of the gateway's own tokens. It can't collide with a configured issuer, which must be an http(s) URL. */
export const gatewayIssuer = 'urn:secrets-gateway'

/** The default and the maximum lifetime of a token, in seconds. */
export const defaultLifetime = 15 * 60
export const maximumLifetime = 60 * 60

const typ = 'secrets-gateway+jwt'
const algorithm = 'EdDSA'

/** Private Ed25519 keys. One of them signs new tokens. All of them verify tokens, for key rotation. */
export interface TokenKeys {
  sign: KeyObject
  verify: readonly KeyObject[]
}

/**
 * Returns the keys of the gateway's own tokens.
 *
 * @param keys the configured keys; the first one signs
 * @param own the key of this process, used if no key is configured
 */
export const tokenKeys = (keys: readonly KeyObject[], own: KeyObject): TokenKeys =>
  ({ sign: keys[0] ?? own, verify: keys.length > 0 ? keys : [own] })

const keyId = (key: KeyObject): string =>
  createHash('sha256').update(createPublicKey(key).export({ type: 'spki', format: 'der' })).digest('base64url')

/** A token issued by the gateway after a caller has authenticated in another way. */
export interface IssuedToken {
  token: string
  /** The expiry time, in milliseconds since the epoch. */
  expires: number
}

/**
 * Issues a token.
 *
 * @param content.subject the caller's ID
 * @param content.audience the gateway's server ID
 * @param content.lifetime the token's lifetime, in seconds
 * @param now milliseconds since the epoch
 */
export async function issueToken (
  { sign: key }: TokenKeys,
  { subject, audience, lifetime }: { subject: string, audience: string, lifetime: number },
  now: number
): Promise<IssuedToken> {
  const { SignJWT } = await import('jose')
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
 * Creates the verifier of the gateway's own tokens. A token contains only the caller's ID. The groups come from the current
 * configuration, so a reload affects tokens that were issued before it.
 *
 * @param groupsOf returns the groups of an AWS identity; throws if the identity is no longer allowed to log in
 */
export function gatewayTokenVerifier (
  keys: TokenKeys,
  audience: string,
  groupsOf: (subject: string) => readonly string[]
): TokenVerifier {
  const publicKeys = new Map(keys.verify.map((key) => [keyId(key), createPublicKey(key)]))
  const key: JWTVerifyGetKey = async ({ kid }) => {
    const known = publicKeys.get(kid ?? '')
    if (known !== undefined) return known
    const { errors } = await import('jose')
    throw new errors.JWKSNoMatchingKey()
  }
  // The clock tolerance lets replicas accept each other's tokens even if their clocks differ slightly.
  const rules: JwtRules = {
    issuer: gatewayIssuer,
    audience,
    algorithms: [algorithm],
    typ,
    clockToleranceSeconds: 30,
    maximumLifetimeSeconds: maximumLifetime
  }
  return async (token, now, address) => {
    const { sub, exp } = await verifyJwt(token, key, rules, now, address)
    return { caller: caller('aws', sub, groupsOf(sub)), expires: exp * 1000 }
  }
}
