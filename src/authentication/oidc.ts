import { Type, type Static } from '@sinclair/typebox'
import type { JWTVerifyGetKey } from 'jose'
import { closed, Enum, Id } from '#src/schema/types'
import { caller } from './caller.ts'
import { verifyJwt, type JwtRules } from './jwt.ts'
import { unauthenticated } from './refusal.ts'
import type { TokenVerifier } from './verified-tokens.ts'

/** Signatures that a public key verifies. HMACs are not among them: with one, a public key could be taken for a secret. */
const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

const notEmpty = Type.String({ pattern: '^\\S+$', description: 'a text that is not empty and has no white space' })

/** An OpenID Connect issuer whose tokens name callers. */
export const OidcIssuerSchema = Type.Object({
  name: Id({
    description: 'a name to stand in front of the IDs and the groups of its callers: letters, digits, "-", "_" and ".", ' +
      'at most 63 of them, the first a letter or a digit'
  }),
  issuer: notEmpty,
  audience: notEmpty,
  algorithms: Type.Array(Enum(asymmetric), { minItems: 1, uniqueItems: true }),
  groupsClaim: Type.Optional(notEmpty),
  typ: Type.Optional(notEmpty),
  jwksUri: Type.Optional(notEmpty),
  clockToleranceSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 300 })),
  maximumLifetimeSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 366 * 24 * 60 * 60 }))
}, closed)

export type OidcIssuer = Static<typeof OidcIssuerSchema>

/** Of a caller's groups, more than any policy needs; a token is bounded besides. */
const maximumGroups = 256

const groupPattern = /^[!-~](?:[ -~]{0,254}[!-~])?$/

/**
 * Verifies an issuer's tokens. The caller is `NAME:SUB`, its groups `NAME:GROUP`: no issuer can claim a caller or a group of
 * another, nor one of the gateway's own, which have no colon.
 *
 * @param key finds the issuer's key
 */
export function oidcVerifier (issuer: OidcIssuer, key: JWTVerifyGetKey): TokenVerifier {
  const { clockToleranceSeconds = 30, maximumLifetimeSeconds = 24 * 60 * 60 } = issuer
  const rules: JwtRules = { ...issuer, clockToleranceSeconds, maximumLifetimeSeconds }
  return async (token, now) => {
    const claims = await verifyJwt(token, key, rules, now)
    const groups = issuer.groupsClaim === undefined ? [] : claimedGroups(claims[issuer.groupsClaim])
    const named = groups.map((group) => `${issuer.name}:${group}`)
    return { caller: caller('oidc', `${issuer.name}:${claims.sub}`, named), expires: claims.exp * 1000 }
  }
}

/** A token without the claim has no groups. One whose claim is of another form is unauthenticated, not read as well as it can be. */
function claimedGroups (claim: unknown = []): readonly string[] {
  const isGroup = (group: unknown): group is string => typeof group === 'string' && groupPattern.test(group)
  if (!Array.isArray(claim) || claim.length > maximumGroups || !claim.every(isGroup)) throw unauthenticated('claim-groups')
  return claim
}
