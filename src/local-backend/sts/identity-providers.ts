import { readFileSync } from 'node:fs'
import {
  createLocalJWKSet, createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JSONWebKeySet, type JWTPayload, type JWTVerifyGetKey
} from 'jose'
import { partitionWith } from '#src/local-backend/partition'
import { stsErrors, type StsError } from './errors.ts'
import type { KnownRole } from './roles.ts'

/** An OpenID Connect provider. It counts as registered with IAM in every account. */
export interface IdentityProvider {
  /** The provider's URL, exactly as in the `iss` claim of its tokens. */
  issuer: string
  /** The URL of a JSON Web Key Set, or the path of a file that contains one. */
  keys: string
  /** The accepted audiences; `sts.amazonaws.com` by default. */
  audiences?: readonly string[]
}

/** The identity in a verified token. */
export interface WebIdentity {
  issuer: string
  subject: string
  audience: string
  sourceIdentity: string | undefined
}

export interface IdentityProviders {
  /**
   * Verifies a token.
   *
   * @param now in milliseconds since the epoch
   * @throws StsError `InvalidIdentityToken`, `ExpiredTokenException` or `IDPCommunicationError`
   */
  verify: (token: string, now: number) => Promise<WebIdentity>
}

/** The signature algorithms that AWS accepts in identity tokens. */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']

const sourceIdentityClaim = 'https://aws.amazon.com/source_identity'

/** Returns the ARN of a provider in the account of a role. */
export function providerArn ({ arn, accountId }: Pick<KnownRole, 'arn' | 'accountId'>, issuer: string): string {
  return `arn:${partitionWith(arn)}:iam::${accountId}:oidc-provider/${issuer.replace(/^https?:\/\//, '')}`
}

/**
 * Creates a verifier for the tokens of the declared providers.
 *
 * @throws Error that names the provider, if its keys can't be read; Error if two providers have the same issuer
 */
export function identityProvidersOf (declared: readonly IdentityProvider[]): IdentityProviders {
  const providers = new Map(declared.map(({ issuer, keys, audiences = ['sts.amazonaws.com'] }) =>
    [issuer, { keys: keysOf(issuer, keys), audiences }]))
  if (providers.size < declared.length) throw new Error('Two identity providers have the same issuer')

  return {
    async verify (token, now) {
      const issuer = issuerOf(token)
      const provider = providers.get(issuer)
      if (provider === undefined) throw stsErrors.providerNotFound(issuer)
      try {
        const { payload } = await jwtVerify(token, provider.keys, {
          issuer, audience: [...provider.audiences], algorithms, currentDate: new Date(now), requiredClaims: ['sub', 'iat', 'exp']
        })
        return identityIn(issuer, payload, provider.audiences)
      } catch (error) {
        throw errorFor(error, now)
      }
    }
  }
}

function keysOf (issuer: string, location: string): JWTVerifyGetKey {
  if (/^https?:\/\//.test(location)) return createRemoteJWKSet(new URL(location))
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(location, 'utf8')) as JSONWebKeySet)
  } catch (error) {
    throw new Error(`The keys of the identity provider ${issuer} can't be read from ${location} (${String(error)})`, { cause: error })
  }
}

function issuerOf (token: string): string {
  try {
    const { iss } = decodeJwt(token)
    if (iss !== undefined) return iss
  } catch {
    throw stsErrors.identityNotAJwt()
  }
  throw stsErrors.identityWithoutClaim('iss')
}

function identityIn (issuer: string, payload: JWTPayload, audiences: readonly string[]): WebIdentity {
  const { sub: subject = '', aud = [], [sourceIdentityClaim]: sourceIdentity } = payload
  const audience = [aud].flat().find((one) => audiences.includes(one)) ?? ''
  return { issuer, subject, audience, sourceIdentity: typeof sourceIdentity === 'string' ? sourceIdentity : undefined }
}

/** Converts an error of the `jose` library to the corresponding STS error. */
function errorFor (error: unknown, now: number): StsError {
  if (error instanceof errors.JWTExpired) return stsErrors.expiredIdentity(Math.floor(now / 1000), error.payload.exp ?? 0)
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return stsErrors.identityWithoutClaim(error.claim)
    return error.claim === 'aud' ? stsErrors.identityOfOtherAudience() : stsErrors.identityWithWrongClaim(error.claim)
  }
  const isOfToken = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== 'ERR_JOSE_GENERIC'
  return isOfToken ? stsErrors.noVerificationKey() : stsErrors.providerUnreachable()
}
