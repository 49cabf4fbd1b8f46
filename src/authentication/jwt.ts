import { decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { Problem } from '#src/problems/problem'
import { unauthenticated } from './refusal.ts'

/** Header members that would have a token bring its own key, or that would have to be understood. None is followed. */
const refusedMembers = ['jku', 'jwk', 'x5u', 'x5c', 'crit'] as const

export interface JwtRules {
  issuer: string
  audience: string
  algorithms: readonly string[]
  /** The `typ` that the header must have. */
  typ?: string
  clockToleranceSeconds: number
  /** Seconds from `iat`, or from now where there is none, to `exp` at most. */
  maximumLifetimeSeconds: number
}

/** Claims that have been verified; `exp` is in seconds since the epoch. */
export type VerifiedClaims = JWTPayload & { sub: string, exp: number }

const shape = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** The issuer that a token names, before anything of it is verified: for choosing the rules it is held to, and nothing else. */
export function claimedIssuer (token: string): string | undefined {
  if (!shape.test(token)) return undefined
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : undefined
  } catch {
    return undefined
  }
}

/**
 * The claims of a token (RFC 7519, and RFC 8725 for what not to trust in one).
 *
 * @param now milliseconds since the epoch
 * @throws Problem `unauthenticated`, or what `key` throws
 */
export async function verifyJwt (token: string, key: JWTVerifyGetKey, rules: JwtRules, now: number): Promise<VerifiedClaims> {
  try {
    const header = decodeProtectedHeader(token)
    const member = refusedMembers.find((name) => Object.hasOwn(header, name))
    if (member !== undefined) throw unauthenticated(`header-${member}`)
    const { payload } = await jwtVerify(token, key, {
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
  }
}

/** What jose leaves to its callers. */
function checkedClaims (payload: JWTPayload, rules: JwtRules, now: number): VerifiedClaims {
  const { sub, exp, iat } = payload
  // It becomes part of an ID that is written into logs and policies.
  if (typeof sub !== 'string' || !/^[!-~](?:[ -~]{0,253}[!-~])?$/.test(sub)) throw unauthenticated('claim-sub')
  if (iat !== undefined && iat > now + rules.clockToleranceSeconds) throw unauthenticated('claim-iat')
  if (exp === undefined || exp - (iat ?? now) > rules.maximumLifetimeSeconds) throw unauthenticated('claim-exp')
  return { ...payload, sub, exp }
}

/** jose's code for what is wrong, and the claim, of which it names only those that it was told to check. */
function reasonOf (error: unknown): string {
  const { code, claim, name } = Object(error) as { code?: string, claim?: string, name?: string }
  return [code ?? name ?? 'error', claim ?? []].flat().join(' ')
}
