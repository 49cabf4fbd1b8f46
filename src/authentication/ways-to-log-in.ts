import type { AuthenticationSettings } from './authenticator.ts'
import type { OidcIssuer } from './oidc.ts'

/** The details that a program needs to log a person in. */
export interface WaysToLogIn {
  oidc: ({ name: string, issuer: string } & Required<NonNullable<OidcIssuer['login']>>)[]
  aws?: { serverId: string, regions: string[] }
}

/** Returns the details that a program needs to log a person in. They are public. */
export function waysToLogIn ({ oidc, aws }: AuthenticationSettings): WaysToLogIn {
  return {
    oidc: oidc.flatMap(({ name, issuer, login }) => login === undefined
      ? []
      : [{ name, issuer, scope: 'openid offline_access', tokenType: 'access_token', parameters: {}, ...login }]),
    ...aws !== undefined && { aws: { serverId: aws.serverId, regions: [...aws.regions] } }
  }
}
