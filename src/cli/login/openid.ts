import {
  allowInsecureRequests, ClientError, discovery, initiateDeviceAuthorization, None, pollDeviceAuthorizationGrant,
  refreshTokenGrant, ResponseBodyError, tokenRevocation,
  type Configuration, type TokenEndpointResponse, type TokenEndpointResponseHelpers
} from 'openid-client'
import { isPrivate, type Credential } from '#src/cli/profiles/profiles'
import { CommandFailure, type Terminal } from '#src/cli/terminal'
import type { WaysToLogIn } from '#src/authentication/ways-to-log-in'

/** An issuer at which people can log in, as the gateway describes it. */
export type Issuer = WaysToLogIn['oidc'][number]

type OidcCredential = Extract<Credential, { kind: 'oidc' }>

/** How long a reply of an issuer may take, in seconds. */
const timeout = 15

/** The lifetime to assume for a token whose issuer does not state it, in milliseconds. */
const assumedLifetime = 5 * 60_000

/**
 * Reads an issuer's discovery document.
 *
 * @throws CommandFailure if the issuer does not answer, or if the connection to it would not be encrypted
 */
export async function issuerAt ({ issuer, clientId }: Pick<Issuer, 'issuer' | 'clientId'>): Promise<Configuration> {
  if (!isPrivate(issuer)) throw new CommandFailure(`The issuer ${issuer} does not use HTTPS, so nobody can log in there safely`)
  // Plain HTTP is allowed only for issuers on this machine.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- only marked so that nobody overlooks it
  const execute = issuer.startsWith('http:') ? [allowInsecureRequests] : []
  try {
    return await discovery(new URL(issuer), clientId, undefined, None(), { execute, timeout })
  } catch (error) {
    throw issuerFailure(issuer, error)
  }
}

/** Returns the failure for an error of the OAuth library. The library's message contains neither a token nor a code. */
export function issuerFailure (issuer: string, error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  if (error instanceof ResponseBodyError) return new CommandFailure(`${issuer} refuses: ${error.error_description ?? error.error}`)
  if (error instanceof ClientError && error.code !== undefined) {
    return new CommandFailure(`${issuer} answers unexpectedly: ${error.message} (${error.code})`)
  }
  return new CommandFailure(`${issuer} does not answer`)
}

/**
 * Returns the credential with the token in an issuer's reply.
 *
 * @param previous the previous refresh token, which stays valid if the reply has no new one
 * @throws CommandFailure if the reply lacks the token
 */
export function credentialFrom (
  reply: TokenEndpointResponse & TokenEndpointResponseHelpers,
  { issuer, clientId, tokenType }: Pick<OidcCredential, 'issuer' | 'clientId' | 'tokenType'>,
  previous?: string
): OidcCredential {
  const token = reply[tokenType]
  if (token === undefined) throw new CommandFailure(`${issuer} sent no ID token: the scope in the gateway's configuration needs openid`)
  const lifetime = reply.expiresIn()
  const expires = tokenType === 'id_token'
    ? (reply.claims()?.exp ?? 0) * 1_000
    : Date.now() + (lifetime === undefined ? assumedLifetime : lifetime * 1_000)
  const refreshToken = reply.refresh_token ?? previous
  return { kind: 'oidc', issuer, clientId, tokenType, token, expires, ...refreshToken !== undefined && { refreshToken } }
}

/**
 * Logs in with another device, on which the user opens a page and enters a code (RFC 8628).
 *
 * @throws CommandFailure if the issuer refuses, or if the code expires
 */
export async function logInWithDevice (
  issuer: Issuer, configuration: Configuration, { stderr }: Terminal
): Promise<OidcCredential> {
  try {
    const device = await initiateDeviceAuthorization(configuration, authorizationParameters(issuer))
    const { verification_uri: page, verification_uri_complete: pageWithCode = page, user_code: code } = device
    stderr.lines([`Open this page on any device:  ${pageWithCode}`, `Check or enter this code there: ${code}`])
    return credentialFrom(await pollDeviceAuthorizationGrant(configuration, device, resourceOf(issuer)), issuer)
  } catch (error) {
    throw issuerFailure(issuer.issuer, error)
  }
}

/** Returns the parameters of the authorization request that all flows share. */
export const authorizationParameters = ({ scope, parameters }: Issuer): Record<string, string> => ({
  // OpenID Connect requires the user's consent before it issues a refresh token.
  ...scope.split(' ').includes('offline_access') && { prompt: 'consent' },
  ...parameters,
  scope
})

/** Returns the parameter `resource`, which token requests contain, too (RFC 8707). */
export const resourceOf = ({ parameters: { resource } }: Issuer): Record<string, string> =>
  resource === undefined ? {} : { resource }

/**
 * Gets a new token with the refresh token.
 *
 * @throws Error if there is no refresh token
 * @throws CommandFailure if the issuer refuses
 */
export async function refresh (credential: OidcCredential): Promise<OidcCredential> {
  const { issuer, refreshToken } = credential
  if (refreshToken === undefined) throw new CommandFailure('the issuer gave no refresh token')
  try {
    return credentialFrom(await refreshTokenGrant(await issuerAt(credential), refreshToken), credential, refreshToken)
  } catch (error) {
    throw issuerFailure(issuer, error)
  }
}

/** Revokes the refresh token. Does nothing if the issuer has no endpoint for revocation. */
export async function revoke (credential: OidcCredential): Promise<void> {
  const { refreshToken } = credential
  if (refreshToken === undefined) return
  const configuration = await issuerAt(credential)
  if (configuration.serverMetadata().revocation_endpoint !== undefined) await tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' })
}
