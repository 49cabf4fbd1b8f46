import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { Problem } from '#src/problems/problem'
import { unauthenticated } from './refusal.ts'
import { signatureChecks } from './signature-checks.ts'

/**
 * The header parameters that make a token invalid. `crit` lists required extensions, but none is supported. The others contain
 * a key or its URL, but the sender must not choose the key.
 */
const refusedMembers = ['jku', 'jwk', 'x5u', 'x5c', 'crit'] as const

/** The requirements for an issuer's tokens. */
export interface JwtRules {
  issuer: string
  audience: string
  algorithms: readonly string[]
  /** The required value of the header parameter `typ`. Without this rule, the header parameter is not checked. */
  typ?: string
  clockToleranceSeconds: number
  /** The maximum number of seconds from `iat` to `exp`, or from now to `exp` if the token has no `iat`. */
  maximumLifetimeSeconds: number
}

/** Verified claims. `exp` is in seconds since the epoch. */
export type VerifiedClaims = JWTPayload & { sub: string, exp: number }

const shape = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** Returns the unverified `iss` claim of a token. Use it only to choose the verifier. */
export async function claimedIssuer (token: string): Promise<string | undefined> {
  if (!shape.test(token)) return undefined
  const { decodeJwt } = await import('jose')
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : undefined
  } catch {
    return undefined
  }
}

/**
 * Verifies a token and returns its claims (RFC 7519, with the best practices of RFC 8725).
 *
 * @param now milliseconds since the epoch
 * @param address the address that the token comes from
 * @throws Problem `unauthenticated`, `overloaded` if too many tokens from the address are waiting, and the problems of `key`
 */
export async function verifyJwt (
  token: string, key: JWTVerifyGetKey, rules: JwtRules, now: number, address: string
): Promise<VerifiedClaims> {
  let leave = (): void => undefined
  const { decodeProtectedHeader, jwtVerify } = await import('jose')
  try {
    const header = decodeProtectedHeader(token)
    const member = refusedMembers.find((name) => Object.hasOwn(header, name))
    if (member !== undefined) throw unauthenticated(`header-${member}`)
    const keyInTurn: JWTVerifyGetKey = async (...parameters) => {
      const found = await key(...parameters)
      leave = await signatureChecks.enter(address)
      return found
    }
    const { payload } = await jwtVerify(token, keyInTurn, {
      issuer: rules.issuer,
      audience: rules.audience,
      algorithms: [...rules.algorithms],
      ...(rules.typ !== undefined && { typ: rules.typ }),
      requiredClaims: ['exp', 'sub'],
      clockTolerance: rules.clockToleranceSeconds,
      currentDate: new Date(now)
    })
    return checkedClaims(payload, rules, Math.floor(now / 1000))
  } catch (error) {
    if (error instanceof Problem) throw error
    throw unauthenticated(reasonOf(error))
  } finally {
    leave()
  }
}

/** Checks the claims that jose does not check. */
function checkedClaims (payload: JWTPayload, rules: JwtRules, now: number): VerifiedClaims {
  const { sub, exp, iat } = payload
  // The subject becomes part of the caller ID, which appears in logs and policies.
  if (typeof sub !== 'string' || !/^[!-~](?:[ -~]{0,253}[!-~])?$/.test(sub)) throw unauthenticated('claim-sub')
  if (iat !== undefined && iat > now + rules.clockToleranceSeconds) throw unauthenticated('claim-iat')
  if (exp === undefined || exp - (iat ?? now) > rules.maximumLifetimeSeconds) throw unauthenticated('claim-exp')
  return { ...payload, sub, exp }
}

/**
 * Returns jose's error code and the invalid claim's name, for the log. The name can't be text from the token, because jose names
 * only claims that it was told to check.
 */
function reasonOf (error: unknown): string {
  const { code, claim, name } = Object(error) as { code?: string, claim?: string, name?: string }
  return [code ?? name ?? 'error', claim ?? []].flat().join(' ')
}
