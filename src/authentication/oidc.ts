import { Type, type Static } from '@sinclair/typebox'
import type { JWTVerifyGetKey } from 'jose'
import { closed, Enum, Id } from '#src/schema/types'
import { caller } from './caller.ts'
import { verifyJwt, type JwtRules } from './jwt.ts'
import { unauthenticated } from './refusal.ts'
import type { TokenVerifier } from './verified-tokens.ts'

/** The allowed algorithms. HMAC is excluded, because an attacker could sign with the public key as the shared secret. */
const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

const notEmpty = Type.String({ pattern: '^\\S+$', description: 'a non-empty string without white space' })

/** The settings with which the command line logs people in at an issuer. They are public, so they contain no client secret. */
export const OidcLoginSchema = Type.Object({
  clientId: notEmpty,
  scope: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
  tokenType: Type.Optional(Enum(['access_token', 'id_token'])),
  parameters: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }), Type.String({ minLength: 1, maxLength: 1_024 }), { maxProperties: 16 }))
}, closed)

/** An OpenID Connect issuer whose tokens authenticate callers. */
export const OidcIssuerSchema = Type.Object({
  name: Id({
    description: 'a prefix for the IDs and groups of its callers: letters, digits, "-", "_" and ".", ' +
      'at most 63 of them, the first a letter or a digit'
  }),
  issuer: notEmpty,
  audience: notEmpty,
  algorithms: Type.Array(Enum(asymmetric), { minItems: 1, uniqueItems: true }),
  groupsClaim: Type.Optional(notEmpty),
  typ: Type.Optional(notEmpty),
  jwksUri: Type.Optional(notEmpty),
  clockToleranceSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 300 })),
  maximumLifetimeSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 366 * 24 * 60 * 60 })),
  login: Type.Optional(OidcLoginSchema)
}, closed)

export type OidcIssuer = Static<typeof OidcIssuerSchema>

/** The maximum number of groups in a token. */
const maximumGroups = 256

const groupPattern = /^[!-~](?:[ -~]{0,254}[!-~])?$/

/**
 * Creates the verifier of an issuer's tokens. The caller's ID is `NAME:SUB` and its groups are `NAME:GROUP`, where `NAME` is
 * the issuer's configured name. An issuer therefore can't impersonate the callers or groups of another issuer. Nor can it
 * impersonate callers that use API keys, or groups in the configuration: neither the IDs of those callers nor the names of those
 * groups contain a colon.
 *
 * @param key the issuer's key lookup
 */
export function oidcVerifier (issuer: OidcIssuer, key: JWTVerifyGetKey): TokenVerifier {
  const { clockToleranceSeconds = 30, maximumLifetimeSeconds = 24 * 60 * 60 } = issuer
  const rules: JwtRules = { ...issuer, clockToleranceSeconds, maximumLifetimeSeconds }
  return async (token, now, address) => {
    const claims = await verifyJwt(token, key, rules, now, address)
    const groups = issuer.groupsClaim === undefined ? [] : claimedGroups(claims[issuer.groupsClaim])
    const named = groups.map((group) => `${issuer.name}:${group}`)
    return { caller: caller('oidc', `${issuer.name}:${claims.sub}`, named), expires: claims.exp * 1000 }
  }
}

/** Reads the groups claim. A token without the claim has no groups; a malformed claim makes the token invalid. */
function claimedGroups (claim: unknown = []): readonly string[] {
  const isGroup = (group: unknown): group is string => typeof group === 'string' && groupPattern.test(group)
  if (!Array.isArray(claim) || claim.length > maximumGroups || !claim.every(isGroup)) throw unauthenticated('claim-groups')
  return claim
}
