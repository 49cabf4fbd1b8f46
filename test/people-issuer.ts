import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import type { Test } from 'tap'
import type { OidcIssuer } from '#src/authentication/oidc'

const resource = 'urn:example:secrets-gateway'

/** An OpenID provider at which people log in. */
export interface PeopleIssuer {
  /** The issuer, for the gateway's configuration. */
  settings: OidcIssuer
  /** The paths of the requests so far. */
  requests: string[]
  /** Stops the issuer, so that nobody can log in there. */
  stop: () => void
}

/**
 * Starts a real OpenID provider with pages for logging in and a public client for `secretsctl`.
 *
 * @param lifetime the lifetime of access tokens, in seconds
 */
export async function startPeopleIssuer (t: Test, { lifetime = 900, deviceFlow = true } = {}): Promise<PeopleIssuer> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const requests: string[] = []
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = (): void => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(stop)
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...await exportJWK(privateKey), kid: 'a', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['a key for cookies'] },
    clients: [{
      client_id: 'secretsctl',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', ...deviceFlow ? ['urn:ietf:params:oauth:grant-type:device_code'] : []],
      redirect_uris: ['http://127.0.0.1/callback'],
      response_types: ['code']
    }],
    features: {
      deviceFlow: { enabled: deviceFlow },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: '', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: lifetime, jwt: { sign: { alg: 'RS256' } } }),
        useGrantedResource: () => true
      }
    },
    ttl: { IdToken: 900, Grant: 86_400, Interaction: 600, Session: 86_400 }
  })
  const handle = provider.callback()
  server.on('request', (request, response) => {
    requests.push(request.url ?? '')
    void handle(request, response)
  })
  return {
    settings: { name: 'people', issuer, audience: resource, algorithms: ['RS256'], login: { clientId: 'secretsctl', parameters: { resource } } },
    requests,
    stop
  }
}
